-- Text that is compared or sorted uses the C collation: its order is the order
-- of code points on every machine, and the same as in SQLite and Go.

CREATE TABLE tasks (
    user_id            text COLLATE "C" NOT NULL,
    id                 uuid NOT NULL,
    title              text COLLATE "C" NOT NULL,
    description        text,
    priority           text COLLATE "C" NOT NULL,
    category           text COLLATE "C" NOT NULL,
    completed          boolean NOT NULL,
    due_date           timestamptz,
    recurring_rule     text,
    recurring_end_date timestamptz,
    parent_task_id     uuid,
    previous_task_id   uuid,
    reminder_at        timestamptz,
    reminder_sent      boolean NOT NULL,
    tags               jsonb NOT NULL,
    time_zone          text NOT NULL,
    version            bigint NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    -- title and description with their case folded by domain.Fold
    search_text        text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, id),
    UNIQUE (user_id, previous_task_id)
);
CREATE INDEX tasks_created ON tasks (user_id, created_at, id);
CREATE INDEX tasks_due ON tasks (user_id, completed, due_date);
CREATE INDEX tasks_reminder ON tasks (reminder_at)
    WHERE reminder_at IS NOT NULL AND NOT reminder_sent AND NOT completed;

-- data is json, not jsonb: the bytes are kept as they were written.
CREATE TABLE events (
    user_id        text COLLATE "C" NOT NULL,
    position       bigint NOT NULL,
    event_id       uuid NOT NULL,
    time           timestamptz NOT NULL,
    event_type     text NOT NULL,
    correlation_id text NOT NULL,
    source         text NOT NULL,
    subject        text NOT NULL,
    traceparent    text NOT NULL,
    data           json NOT NULL,
    PRIMARY KEY (user_id, position),
    UNIQUE (user_id, event_id)
);
CREATE INDEX events_time ON events USING brin (time);

-- Rows are updated with every write of their user: room for updates in place.
CREATE TABLE user_streams (
    user_id  text COLLATE "C" NOT NULL PRIMARY KEY,
    position bigint NOT NULL
) WITH (fillfactor = 50);

-- Nearly empty, with a high turnover: vacuumed early.
CREATE TABLE outbox (
    user_id   text COLLATE "C" NOT NULL,
    position  bigint NOT NULL,
    publisher text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    topic     text NOT NULL,
    PRIMARY KEY (user_id, position)
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX outbox_walk ON outbox (publisher, shard, user_id, position);

-- One row: the id of this database's count of positions.
CREATE TABLE stream_epoch (
    id    smallint NOT NULL PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    epoch uuid NOT NULL
);
INSERT INTO stream_epoch (epoch) VALUES (gen_random_uuid());

CREATE TABLE relay_leases (
    publisher text COLLATE "C" NOT NULL,
    shard     smallint NOT NULL,
    owner     text COLLATE "C" NOT NULL,
    until     timestamptz NOT NULL,
    leaving   boolean NOT NULL, -- told to stop, may have events in flight
    PRIMARY KEY (publisher, shard)
);

-- Who is alive and wants how many shards; fair shares are counted from it.
CREATE TABLE relay_members (
    publisher text COLLATE "C" NOT NULL,
    owner     text COLLATE "C" NOT NULL,
    want      smallint NOT NULL,
    until     timestamptz NOT NULL,
    PRIMARY KEY (publisher, owner)
);
