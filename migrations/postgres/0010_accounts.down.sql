DROP TABLE IF EXISTS signing_keys, sign_up_codes, sessions, accounts;
