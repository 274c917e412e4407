DROP TABLE IF EXISTS idempotency_keys;
DROP TABLE IF EXISTS preferences;
DROP TABLE IF EXISTS notifications;
ALTER TABLE user_streams DROP COLUMN erased;
