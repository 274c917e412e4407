DROP TABLE IF EXISTS idempotency_keys, preferences, notifications;
ALTER TABLE user_streams DROP COLUMN IF EXISTS erased;
