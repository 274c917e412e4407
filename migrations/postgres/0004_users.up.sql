-- erased: events up to this position belong to a user who had everything erased;
-- whatever still comes from them has no effect. The row stays so that positions
-- go on and never repeat.
ALTER TABLE user_streams ADD COLUMN erased bigint NOT NULL DEFAULT 0;

CREATE TABLE notifications (
    user_id     text COLLATE "C" NOT NULL,
    id          uuid NOT NULL,
    task_id     uuid NOT NULL,
    type        text NOT NULL,
    message     text NOT NULL,
    reminder_at timestamptz NOT NULL, -- the reminder's time: with the task it makes a notification unique
    read        boolean NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, task_id, reminder_at)
);
CREATE INDEX notifications_created ON notifications (user_id, created_at, id);

CREATE TABLE preferences (
    user_id    text COLLATE "C" NOT NULL PRIMARY KEY,
    time_zone  text NOT NULL,
    theme      text NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What a POST with an Idempotency-Key answered, written with what it created.
CREATE TABLE idempotency_keys (
    user_id     text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    fingerprint text NOT NULL, -- hash of the request
    response    text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
