-- Old notifications of all users are looked for by age.
CREATE INDEX notifications_age ON notifications (created_at);
