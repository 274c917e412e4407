DROP TABLE dapr_state;
DELETE FROM dapr_metadata WHERE key = 'migrations';
