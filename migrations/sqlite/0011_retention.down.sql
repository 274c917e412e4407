DROP INDEX IF EXISTS audit_logs_entity;
DROP INDEX IF EXISTS dapr_state_inserted;
DROP INDEX IF EXISTS events_time;
