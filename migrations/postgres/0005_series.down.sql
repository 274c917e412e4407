ALTER TABLE tasks DROP COLUMN series_index;
ALTER TABLE tasks DROP COLUMN series_start;
