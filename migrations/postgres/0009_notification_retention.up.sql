-- Old notifications of all users are looked for by age: they are stored in about
-- that order.
CREATE INDEX notifications_age ON notifications USING brin (created_at);
