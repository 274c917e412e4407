-- The table of Dapr's state.postgresql v1, as its second migration leaves it,
-- whoever came first: daprd, or this file. Without the note in dapr_metadata
-- daprd would add expiredate again and stop at its start. No index on
-- expiredate: every put changes it, and would no longer update in place.

CREATE TABLE IF NOT EXISTS dapr_metadata (
    key   text NOT NULL PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE IF NOT EXISTS dapr_state (
    key        text NOT NULL PRIMARY KEY,
    value      jsonb NOT NULL,
    isbinary   boolean NOT NULL,
    insertdate timestamp with time zone NOT NULL DEFAULT now(),
    updatedate timestamp with time zone NULL
);

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM dapr_metadata WHERE key = 'migrations') THEN
        ALTER TABLE dapr_state ADD COLUMN IF NOT EXISTS expiredate timestamp with time zone;
        INSERT INTO dapr_metadata (key, value) VALUES ('migrations', '2');
    END IF;
END
$$;

ALTER TABLE dapr_state SET (fillfactor = 70);
