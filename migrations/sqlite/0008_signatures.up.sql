-- 128 bits of what a task can be found by, in each index that a list walks: see
-- adapters/sqlstore/signature.go. Most tasks that a filter drops are dropped by
-- the index alone, without a look at the task. NULL: the task is looked at.
ALTER TABLE tasks ADD COLUMN signature_low integer;
ALTER TABLE tasks ADD COLUMN signature_high integer;
DROP INDEX tasks_created;
DROP INDEX tasks_due;
DROP INDEX tasks_title;
DROP INDEX tasks_rank;
CREATE INDEX tasks_created ON tasks (user_id, completed, created_at, id, signature_low, signature_high);
CREATE INDEX tasks_due ON tasks (user_id, due_date, id, signature_low, signature_high);
CREATE INDEX tasks_title ON tasks (user_id, title, id, signature_low, signature_high);
CREATE INDEX tasks_rank ON tasks (user_id, plain, rank, id, signature_low, signature_high);

-- Whoever changes a task: its signature is never that of another state.
CREATE TRIGGER tasks_signature_stale AFTER UPDATE OF search_text, tags, category, priority ON tasks
WHEN old.signature_low = new.signature_low AND old.signature_high = new.signature_high
    AND (old.search_text <> new.search_text OR old.tags <> new.tags OR old.category <> new.category OR old.priority <> new.priority)
BEGIN
    UPDATE tasks SET signature_low = NULL, signature_high = NULL WHERE user_id = new.user_id AND id = new.id;
END;
