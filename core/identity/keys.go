package identity

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// The life of tokens and of the keys that sign them.
const (
	TokenLife   = 15 * time.Minute
	signsFor    = 30 * 24 * time.Hour
	announced   = 24 * time.Hour // before it signs: longer than anybody keeps a key set without asking
	lateAnswers = 5 * time.Minute
	remembered  = time.Minute // how long the signing key is taken without asking the store
	lookEvery   = 10 * time.Minute
)

// Keys makes, chooses and withdraws the keys that sign tokens. Every process of an
// installation has one on the same store; they agree, because a key is announced long
// before it signs, and of two that replace a key at once the store takes one.
type Keys struct {
	store  ports.KeyStore
	clock  ports.Clock
	secret []byte // nil: private keys are stored as they are

	mu      sync.Mutex
	signing signingKey
	locked  bool      // the key that signs is encrypted, and there is no secret
	until   time.Time // signing is taken until then
}

type signingKey struct {
	id  string
	key ed25519.PrivateKey
}

// NewKeys makes Keys. With a secret, private keys are stored encrypted. Without one, none is
// made beside an encrypted one: a secret that got lost must not end in a key for everybody
// who reads the database.
func NewKeys(store ports.KeyStore, clock ports.Clock, secret string) *Keys {
	k := &Keys{store: store, clock: clock}
	if secret != "" {
		k.secret, _ = hkdf.Key(sha256.New, []byte(secret), nil, "tasktide signing keys", 32) // 32 bytes always can be had
	}
	return k
}

// Signing is the key that signs now. Errors: domain.ErrUnavailable, with an advice where
// the secret is lacking.
func (k *Keys) Signing(ctx context.Context) (id string, key ed25519.PrivateKey, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.clock.Now().Before(k.until) {
		if _, err := k.renew(ctx); err != nil {
			return "", nil, err
		}
	}
	if k.locked {
		return "", nil, withoutSecret()
	}
	return k.signing.id, k.signing.key, nil
}

// Check is what a process that starts asks. Errors: those of Signing, where the secret is
// lacking also for a key that signs only later: by then nobody would know what had changed.
func (k *Keys) Check(ctx context.Context) error {
	all, err := k.Public(ctx)
	if err != nil {
		return err
	}
	if k.secret == nil && slices.ContainsFunc(all, sealed) {
		return withoutSecret()
	}
	return nil
}

func sealed(k domain.SigningKey) bool { return k.Sealed }

func withoutSecret() error {
	return domain.Misconfigured("accounts", "AUTH_SECRET is empty, and the keys that sign tokens were encrypted with one: set it to what it was, or to another, with which a new key is made "+
		"(to go on without: DELETE FROM signing_keys WHERE sealed; tokens that they signed end then)", errSealed)
}

// Hold keeps the key in the published set until a token that ends at until has ended.
func (k *Keys) Hold(ctx context.Context, id string, until time.Time) error {
	return k.store.HoldKey(ctx, id, until)
}

// Public are the keys that tokens may be signed with: of the past, the present and
// the next.
func (k *Keys) Public(ctx context.Context) ([]domain.SigningKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renew(ctx)
}

// Run replaces keys in time until ctx ends.
func (k *Keys) Run(ctx context.Context, log *slog.Logger) {
	for ctx.Err() == nil {
		if _, err := k.Public(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "the keys that sign tokens can't be looked at, it goes on later", "error", err)
		}
		_ = k.clock.Wait(ctx, lookEvery)
	}
}

// renew brings the store up to date and returns the keys that are published.
func (k *Keys) renew(ctx context.Context) ([]domain.SigningKey, error) {
	for range 3 {
		now := k.clock.Now().UTC()
		all, err := k.store.Keys(ctx)
		if err != nil {
			return nil, err
		}
		k.choose(all, now)
		next := k.next(all, now)
		if next == nil || !next.Sealed && slices.ContainsFunc(all, sealed) {
			return k.withdraw(ctx, all, now)
		}
		if err := k.store.AddKey(ctx, *next); err != nil && !errors.Is(err, domain.ErrConflict) {
			return nil, err
		} // a conflict: another process was first
	}
	return nil, domain.Unavailable("accounts", errors.New("other processes replace signing keys all the time"))
}

// choose takes the newest key that signs already and can be opened.
func (k *Keys) choose(all []domain.SigningKey, now time.Time) {
	k.signing, k.locked, k.until = signingKey{}, false, time.Time{}
	for _, one := range all {
		if one.SignsFrom.After(now) {
			if k.signing.key != nil && one.SignsFrom.Before(k.until) {
				k.until = one.SignsFrom
			}
			continue
		}
		k.locked = one.Sealed && k.secret == nil
		if key, err := k.open(one); err == nil {
			k.signing, k.until = signingKey{one.ID, key}, now.Add(remembered)
		}
	}
}

// next is the key that must be made now, or nil.
func (k *Keys) next(all []domain.SigningKey, now time.Time) *domain.SigningKey {
	var newest domain.SigningKey
	if len(all) > 0 {
		newest = all[len(all)-1]
	}
	from := newest.SignsFrom.Add(signsFor)
	switch {
	case k.signing.key == nil: // the first one, or AUTH_SECRET is another: nothing could be signed
		from = now
	case from.Add(-announced).After(now):
		return nil
	case from.Before(now.Add(announced)): // nobody was there to make it in time
		from = now.Add(announced)
	}
	public, private, _ := ed25519.GenerateKey(rand.Reader) // never fails
	out := &domain.SigningKey{
		ID: strings.ToLower(rand.Text()), Generation: newest.Generation + 1, Public: public, CreatedAt: now, SignsFrom: from,
	}
	out.Private, out.Sealed = k.seal(out.ID, private.Seed())
	return out
}

// withdraw removes keys whose last token has ended, and returns the others.
func (k *Keys) withdraw(ctx context.Context, all []domain.SigningKey, now time.Time) ([]domain.SigningKey, error) {
	var out []domain.SigningKey
	for i, one := range all {
		if i+1 < len(all) && now.After(lastToken(one, all[i+1]).Add(lateAnswers)) {
			if err := k.store.RemoveKey(ctx, one.ID); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, one)
	}
	return out, nil
}

// lastToken is when the last token of a key ends. A process may take a key as the
// signing one for a while after its successor has begun.
func lastToken(k, successor domain.SigningKey) time.Time {
	end := successor.SignsFrom.Add(remembered + TokenLife)
	if k.TokensUntil.After(end) {
		return k.TokensUntil
	}
	return end
}

var errSealed = errors.New("the key is encrypted with another secret")

func (k *Keys) seal(id string, seed []byte) (out []byte, encrypted bool) {
	if k.secret == nil {
		return seed, false
	}
	aead := k.aead()
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, seed, []byte(id)), true
}

func (k *Keys) open(one domain.SigningKey) (ed25519.PrivateKey, error) {
	seed := one.Private
	if one.Sealed {
		if k.secret == nil {
			return nil, errSealed
		}
		aead := k.aead()
		if len(seed) < aead.NonceSize() {
			return nil, errSealed
		}
		var err error
		if seed, err = aead.Open(nil, seed[:aead.NonceSize()], seed[aead.NonceSize():], []byte(one.ID)); err != nil {
			return nil, errSealed
		}
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the key %s is damaged", one.ID)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func (k *Keys) aead() cipher.AEAD {
	block, _ := aes.NewCipher(k.secret) // 32 bytes are right
	aead, _ := cipher.NewGCM(block)
	return aead
}
