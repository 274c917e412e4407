DROP TABLE relay_members;
DROP TABLE relay_leases;
DROP TABLE stream_epoch;
DROP TABLE outbox;
DROP TABLE user_streams;
DROP TABLE events;
DROP TABLE tasks;
