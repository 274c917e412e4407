CREATE TABLE audit_logs (
    user_id     text COLLATE "C" NOT NULL,
    id          uuid NOT NULL,
    position    bigint NOT NULL,
    event_type  text NOT NULL,
    entity_type text NOT NULL,
    entity_id   text NOT NULL,
    data        jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX audit_logs_position ON audit_logs (user_id, position);

CREATE TABLE dead_letters (
    user_id      text COLLATE "C" NOT NULL,
    id           text COLLATE "C" NOT NULL,
    event_id     text NOT NULL,
    event_type   text NOT NULL,
    topic        text NOT NULL,
    group_name   text COLLATE "C" NOT NULL,
    record_key   bytea NOT NULL,
    body         bytea NOT NULL,
    reason       text NOT NULL,
    error        text NOT NULL,
    attempts     bigint NOT NULL,
    first_failed timestamptz NOT NULL,
    last_failed  timestamptz NOT NULL,
    traceparent  text NOT NULL,
    redrive_at   timestamptz,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX dead_letters_failed ON dead_letters (last_failed);
CREATE INDEX dead_letters_marked ON dead_letters (group_name, redrive_at) WHERE redrive_at IS NOT NULL;
