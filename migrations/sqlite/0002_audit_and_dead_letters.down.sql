DROP TABLE dead_letters;
DROP TABLE audit_logs;
