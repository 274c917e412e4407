DROP INDEX IF EXISTS tasks_next, tasks_rank, tasks_doc, tasks_title, tasks_due, tasks_created;
ALTER TABLE tasks ADD CONSTRAINT tasks_user_id_previous_task_id_key UNIQUE (user_id, previous_task_id);
ALTER TABLE tasks DROP COLUMN IF EXISTS doc;
CREATE INDEX tasks_created ON tasks (user_id, created_at, id);
CREATE INDEX tasks_due ON tasks (user_id, completed, due_date);
