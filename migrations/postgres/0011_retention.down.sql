DROP INDEX IF EXISTS audit_logs_entity;
DROP INDEX IF EXISTS dapr_state_inserted;
DROP INDEX IF EXISTS notifications_age;
CREATE INDEX notifications_age ON notifications USING brin (created_at);
DROP INDEX IF EXISTS events_time;
CREATE INDEX events_time ON events USING brin (time);
