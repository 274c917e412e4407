-- What is too old is found from its old end, and not by reading everything while
-- all writes wait.
CREATE INDEX events_time ON events (time);
CREATE INDEX dapr_state_inserted ON dapr_state (insertdate);

-- The changes of one task, of a user who made very many.
CREATE INDEX audit_logs_entity ON audit_logs (user_id, entity_id, position);
