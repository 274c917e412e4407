-- What dapr_state is on PostgreSQL; the etag stands for PostgreSQL's xmin.
CREATE TABLE dapr_state (
    key        text NOT NULL PRIMARY KEY,
    value      text NOT NULL,
    isbinary   integer NOT NULL,
    etag       text NOT NULL,
    insertdate text NOT NULL,
    updatedate text,
    expiredate text
) WITHOUT ROWID;
