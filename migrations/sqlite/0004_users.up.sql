-- erased: events up to this position belong to a user who had everything erased;
-- whatever still comes from them has no effect. The row stays so that positions
-- go on and never repeat.
ALTER TABLE user_streams ADD COLUMN erased integer NOT NULL DEFAULT 0;

CREATE TABLE notifications (
    user_id     text NOT NULL,
    id          text NOT NULL,
    task_id     text NOT NULL,
    type        text NOT NULL,
    message     text NOT NULL,
    reminder_at text NOT NULL, -- the reminder's time: with the task it makes a notification unique
    read        integer NOT NULL,
    created_at  text NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, task_id, reminder_at)
) WITHOUT ROWID;
CREATE INDEX notifications_created ON notifications (user_id, created_at, id);

CREATE TABLE preferences (
    user_id    text NOT NULL PRIMARY KEY,
    time_zone  text NOT NULL,
    theme      text NOT NULL,
    updated_at text NOT NULL
) WITHOUT ROWID;

-- What a POST with an Idempotency-Key answered, written with what it created.
CREATE TABLE idempotency_keys (
    user_id     text NOT NULL,
    key         text NOT NULL,
    fingerprint text NOT NULL, -- hash of the request
    response    text NOT NULL,
    created_at  text NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
