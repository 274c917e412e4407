-- Each order of a list is a walk of one index. Those on completed and on plain
-- are walked at two places at once, since a list may want both.
DROP INDEX tasks_created;
DROP INDEX tasks_due;
CREATE INDEX tasks_created ON tasks (user_id, completed, created_at, id);
CREATE INDEX tasks_due ON tasks (user_id, due_date, id);
CREATE INDEX tasks_title ON tasks (user_id, title, id);

-- What a task can be found by, as words that begin with a hash of its user: see
-- adapters/sqlstore/words.go. tasks.doc is the row of task_words; NULL: the task
-- is not in the index, and is found by reading.
CREATE VIRTUAL TABLE task_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
ALTER TABLE tasks ADD COLUMN doc integer;
ALTER TABLE tasks ADD COLUMN plain integer AS (doc IS NULL) VIRTUAL;
ALTER TABLE tasks ADD COLUMN rank integer AS (CASE priority WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 0 END) VIRTUAL;
CREATE INDEX tasks_doc ON tasks (user_id, doc) WHERE doc IS NOT NULL;
CREATE INDEX tasks_rank ON tasks (user_id, plain, rank, id);

-- Whoever changes or deletes a task: its words are never those of another state.
CREATE TRIGGER tasks_words_gone AFTER DELETE ON tasks WHEN old.doc IS NOT NULL
BEGIN
    DELETE FROM task_words WHERE rowid = old.doc;
END;
CREATE TRIGGER tasks_words_stale AFTER UPDATE OF search_text, tags, category, priority ON tasks
WHEN old.doc IS NOT NULL AND (old.search_text <> new.search_text OR old.tags <> new.tags OR old.category <> new.category OR old.priority <> new.priority)
BEGIN
    DELETE FROM task_words WHERE rowid = old.doc;
    UPDATE tasks SET doc = NULL WHERE user_id = new.user_id AND id = new.id;
END;
