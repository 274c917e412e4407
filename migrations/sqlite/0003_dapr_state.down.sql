DROP TABLE dapr_state;
