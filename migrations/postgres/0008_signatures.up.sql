-- Nothing: only SQLite's indexes carry signatures. PostgreSQL looks at the task
-- anyway, unless its page was vacuumed, and does so for little.
SELECT 1;
