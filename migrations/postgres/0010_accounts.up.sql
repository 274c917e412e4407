-- Accounts of the built-in issuer. id is the user_id of everything else.
CREATE TABLE accounts (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    email      text NOT NULL,
    email_key  text COLLATE "C" NOT NULL UNIQUE, -- the same for all spellings of one address
    name       text NOT NULL,
    image      text,
    scope      text NOT NULL,
    password   text NOT NULL, -- argon2id
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    id         text COLLATE "C" NOT NULL PRIMARY KEY,
    account_id text COLLATE "C" NOT NULL,
    secret     bytea NOT NULL, -- SHA-256 of what the cookie proves
    remembered boolean NOT NULL,
    address    text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- One-time codes for the first operator's account; none while there is one.
CREATE TABLE sign_up_codes (
    hash       bytea NOT NULL PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE TABLE signing_keys (
    id           text COLLATE "C" NOT NULL PRIMARY KEY,
    generation   bigint NOT NULL UNIQUE,
    public       bytea NOT NULL,
    private      bytea NOT NULL,
    sealed       boolean NOT NULL, -- private is encrypted
    created_at   timestamptz NOT NULL,
    signs_from   timestamptz NOT NULL,
    tokens_until timestamptz
);
