-- Times are text, 2006-01-02T15:04:05.000000Z: text order is time order.
-- Booleans are 0 and 1, tags a JSON array.

CREATE TABLE tasks (
    user_id            text NOT NULL,
    id                 text NOT NULL,
    title              text NOT NULL,
    description        text,
    priority           text NOT NULL,
    category           text NOT NULL,
    completed          integer NOT NULL,
    due_date           text,
    recurring_rule     text,
    recurring_end_date text,
    parent_task_id     text,
    previous_task_id   text,
    reminder_at        text,
    reminder_sent      integer NOT NULL,
    tags               text NOT NULL,
    time_zone          text NOT NULL,
    version            integer NOT NULL,
    created_at         text NOT NULL,
    updated_at         text NOT NULL,
    -- title and description with their case folded by domain.Fold
    search_text        text NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, previous_task_id)
) WITHOUT ROWID;
CREATE INDEX tasks_created ON tasks (user_id, created_at, id);
CREATE INDEX tasks_due ON tasks (user_id, completed, due_date);
CREATE INDEX tasks_reminder ON tasks (reminder_at)
    WHERE reminder_at IS NOT NULL AND NOT reminder_sent AND NOT completed;

-- data is JSON, its bytes kept as they were written.
CREATE TABLE events (
    user_id        text NOT NULL,
    position       integer NOT NULL,
    event_id       text NOT NULL,
    time           text NOT NULL,
    event_type     text NOT NULL,
    correlation_id text NOT NULL,
    source         text NOT NULL,
    subject        text NOT NULL,
    traceparent    text NOT NULL,
    data           text NOT NULL,
    PRIMARY KEY (user_id, position),
    UNIQUE (user_id, event_id)
) WITHOUT ROWID;

CREATE TABLE user_streams (
    user_id  text NOT NULL PRIMARY KEY,
    position integer NOT NULL
) WITHOUT ROWID;

CREATE TABLE outbox (
    user_id   text NOT NULL,
    position  integer NOT NULL,
    publisher text NOT NULL,
    shard     integer NOT NULL,
    topic     text NOT NULL,
    PRIMARY KEY (user_id, position)
) WITHOUT ROWID;
CREATE INDEX outbox_walk ON outbox (publisher, shard, user_id, position);

-- One row: the id of this database's count of positions.
CREATE TABLE stream_epoch (
    id    integer NOT NULL PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch text NOT NULL
) WITHOUT ROWID;
INSERT INTO stream_epoch (epoch) VALUES (
    lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-'
    || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))
);

CREATE TABLE relay_leases (
    publisher text NOT NULL,
    shard     integer NOT NULL,
    owner     text NOT NULL,
    until     text NOT NULL,
    leaving   integer NOT NULL, -- told to stop, may have events in flight
    PRIMARY KEY (publisher, shard)
) WITHOUT ROWID;

-- Who is alive and wants how many shards; fair shares are counted from it.
CREATE TABLE relay_members (
    publisher text NOT NULL,
    owner     text NOT NULL,
    want      integer NOT NULL,
    until     text NOT NULL,
    PRIMARY KEY (publisher, owner)
) WITHOUT ROWID;
