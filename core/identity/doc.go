// Package identity holds the rules of the built-in accounts: who may sign up, what a
// password must be, how long a session lasts, and which key signs tokens.
//
// It guarantees:
//
//   - a wrong password and an unknown account are told apart neither by the answer
//     nor by its time;
//   - tries on one account wait longer and longer, but are all answered: nobody can
//     lock an account's owner out;
//   - what is stored signs nobody in: of passwords an argon2id hash, of sessions the
//     SHA-256 of a random secret that only the cookie has;
//   - a session can't outlive a change of the password that ends all sessions;
//   - the first operator's code works once, and never beside an operator;
//   - a key is published long before it signs, and stays until the last token that
//     it signed has ended.
//
// Refusals carry the codes that Better Auth's clients know. Nothing here logs but
// Keys.Run, and that neither a key nor a name.
package identity
