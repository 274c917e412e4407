-- Accounts of the built-in issuer. id is the user_id of everything else.
CREATE TABLE accounts (
    id         text NOT NULL PRIMARY KEY,
    email      text NOT NULL,
    email_key  text NOT NULL UNIQUE, -- the same for all spellings of one address
    name       text NOT NULL,
    image      text,
    scope      text NOT NULL,
    password   text NOT NULL, -- argon2id
    created_at text NOT NULL,
    updated_at text NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    id         text NOT NULL PRIMARY KEY,
    account_id text NOT NULL,
    secret     blob NOT NULL, -- SHA-256 of what the cookie proves
    remembered integer NOT NULL,
    address    text NOT NULL,
    user_agent text NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    expires_at text NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- One-time codes for the first operator's account; none while there is one.
CREATE TABLE sign_up_codes (
    hash       blob NOT NULL PRIMARY KEY,
    expires_at text NOT NULL
) WITHOUT ROWID;

CREATE TABLE signing_keys (
    id           text NOT NULL PRIMARY KEY,
    generation   integer NOT NULL UNIQUE,
    public       blob NOT NULL,
    private      blob NOT NULL,
    sealed       integer NOT NULL, -- private is encrypted
    created_at   text NOT NULL,
    signs_from   text NOT NULL,
    tokens_until text
) WITHOUT ROWID;
