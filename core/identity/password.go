package identity

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"github.com/tasktide/tasktide/core/domain"
)

// The lengths of a password, in characters.
const (
	MinPassword = 8
	MaxPassword = 128
)

// hashWithin bounds how long a password waits for its turn.
const hashWithin = 10 * time.Second

// HashCost is what one hash takes.
type HashCost struct {
	MemoryKiB, Iterations uint32
	AtOnce                int // hashes at the same time: they bound the memory
}

// DefaultHashCost is OWASP's for argon2id: 19 MiB and two passes, about 20 ms; as many
// at once as there are processors, at least two and at most eight.
func DefaultHashCost() HashCost {
	return HashCost{MemoryKiB: 19 << 10, Iterations: 2, AtOnce: max(2, min(8, runtime.GOMAXPROCS(0)))}
}

// checkPassword says what is wrong with a new password.
func checkPassword(p string) error {
	switch n := utf8.RuneCountInString(p); {
	case n < MinPassword:
		return ErrPasswordTooShort
	case n > MaxPassword:
		return ErrPasswordTooLong
	}
	return nil
}

// hasher hashes a bounded number of passwords at once.
type hasher struct {
	params argon2id.Params
	slots  chan struct{}
	decoy  func() (string, error) // a hash of nobody's password
}

func newHasher(c HashCost) *hasher {
	h := &hasher{
		params: argon2id.Params{Memory: c.MemoryKiB, Iterations: c.Iterations, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		slots:  make(chan struct{}, c.AtOnce),
	}
	h.decoy = sync.OnceValues(func() (string, error) { return argon2id.CreateHash("nobody's", &h.params) })
	return h
}

// turn runs f when it is its turn. Errors: domain.ErrUnavailable when too many wait.
func (h *hasher) turn(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, hashWithin)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		return f()
	case <-ctx.Done():
		return domain.Unavailable("accounts", fmt.Errorf("too many passwords wait to be checked: %w", ctx.Err()))
	}
}

// plain is a password in the form that is hashed: one that is typed on another
// keyboard has the same letters in another composition.
func plain(password string) string { return norm.NFC.String(password) }

func (h *hasher) hash(ctx context.Context, password string) (out string, err error) {
	err = h.turn(ctx, func() (err error) {
		out, err = argon2id.CreateHash(plain(password), &h.params)
		return err
	})
	return out, err
}

// matches compares a password with a hash; with "" it takes the same time and says no.
func (h *hasher) matches(ctx context.Context, password, hash string) (ok bool, err error) {
	err = h.turn(ctx, func() error {
		nobody := hash == ""
		if nobody {
			if hash, err = h.decoy(); err != nil {
				return err
			}
		}
		ok, err = argon2id.ComparePasswordAndHash(plain(password), hash)
		ok = ok && !nobody
		return err
	})
	return ok, err
}
