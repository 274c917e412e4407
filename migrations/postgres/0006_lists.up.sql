-- Each order of a list is a walk of one index. Those on completed and on doc
-- are walked at two places at once, since a list may want both.
DROP INDEX tasks_created;
DROP INDEX tasks_due;
CREATE INDEX tasks_created ON tasks (user_id, completed, created_at, id);
CREATE INDEX tasks_due ON tasks (user_id, due_date, id);
CREATE INDEX tasks_title ON tasks (user_id, title, id);

-- What a task can be found by, as words that begin with a hash of its user: see
-- adapters/sqlstore/words.go. NULL: the task is not in the index, and is found by
-- reading; a user has at most a few thousand of those. No extension is needed,
-- and no locale matters.
ALTER TABLE tasks ADD COLUMN doc tsvector;
CREATE INDEX tasks_doc ON tasks USING gin (doc) WITH (fastupdate = off) WHERE doc IS NOT NULL;
CREATE INDEX tasks_rank ON tasks
    (user_id, (CASE WHEN doc IS NULL THEN 1 ELSE 0 END), (CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 0 END), id);

-- Most tasks have no occurrence before them: those cost nothing here.
ALTER TABLE tasks DROP CONSTRAINT tasks_user_id_previous_task_id_key;
CREATE UNIQUE INDEX tasks_next ON tasks (user_id, previous_task_id) WHERE previous_task_id IS NOT NULL;
