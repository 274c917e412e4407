-- What is too old is found from its old end. The BRIN indexes did not find it: pages
-- that were not summarised yet are read each time, and the room that deleted rows
-- leave is filled with new ones, after which no range is of one time any more.
DROP INDEX events_time;
CREATE INDEX events_time ON events (time);
DROP INDEX notifications_age;
CREATE INDEX notifications_age ON notifications (created_at);

-- Never changed by a put, so that those still update in place. What is kept for
-- fourteen days can't have expired earlier after its first put.
CREATE INDEX dapr_state_inserted ON dapr_state (insertdate);

-- The changes of one task, of a user who made very many.
CREATE INDEX audit_logs_entity ON audit_logs (user_id, entity_id, position);
