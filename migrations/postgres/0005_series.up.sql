-- What a series of recurring tasks is counted from, kept in each of its tasks: the
-- first one may be deleted. NULL and 0: the task is the first.
ALTER TABLE tasks ADD COLUMN series_start timestamptz;
ALTER TABLE tasks ADD COLUMN series_index bigint NOT NULL DEFAULT 0;
