DROP INDEX IF EXISTS notifications_age;
