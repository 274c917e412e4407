CREATE TABLE audit_logs (
    user_id     text NOT NULL,
    id          text NOT NULL,
    position    integer NOT NULL,
    event_type  text NOT NULL,
    entity_type text NOT NULL,
    entity_id   text NOT NULL,
    data        text NOT NULL,
    created_at  text NOT NULL,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;
CREATE INDEX audit_logs_position ON audit_logs (user_id, position);

CREATE TABLE dead_letters (
    user_id      text NOT NULL,
    id           text NOT NULL,
    event_id     text NOT NULL,
    event_type   text NOT NULL,
    topic        text NOT NULL,
    group_name   text NOT NULL,
    record_key   blob NOT NULL,
    body         blob NOT NULL,
    reason       text NOT NULL,
    error        text NOT NULL,
    attempts     integer NOT NULL,
    first_failed text NOT NULL,
    last_failed  text NOT NULL,
    traceparent  text NOT NULL,
    redrive_at   text,
    PRIMARY KEY (user_id, id)
) WITHOUT ROWID;
CREATE INDEX dead_letters_failed ON dead_letters (last_failed);
CREATE INDEX dead_letters_marked ON dead_letters (group_name, redrive_at) WHERE redrive_at IS NOT NULL;
