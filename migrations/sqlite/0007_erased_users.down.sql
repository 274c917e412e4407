DROP INDEX IF EXISTS user_streams_erased;
