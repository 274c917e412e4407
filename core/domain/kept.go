package domain

import "time"

// MaxIdempotencyKey is the longest idempotency key in bytes.
const MaxIdempotencyKey = 255

// KeptAnswer is what a request with an idempotency key was answered. Key is unique
// for a user. Fingerprint tells whether a request with this key is the same one.
type KeptAnswer struct {
	Key, Fingerprint string
	Response         []byte // in the form of whoever answers; text
	CreatedAt        time.Time
}
