package identity_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/identity"
)

const day = 24 * time.Hour

// published are the ids of the keys that verifiers get.
func published(t *testing.T, k *identity.Keys) map[string]ed25519.PublicKey {
	t.Helper()
	list, err := k.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]ed25519.PublicKey{}
	for _, one := range list {
		out[one.ID] = one.Public
	}
	return out
}

func signing(t *testing.T, k *identity.Keys) (string, ed25519.PrivateKey) {
	t.Helper()
	id, key, err := k.Signing(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id, key
}

// TestEveryTokenCanBeVerifiedWhileKeysRotate: three months of a process that looks
// every ten minutes, and a verifier that asks for the keys every hour only.
func TestEveryTokenCanBeVerifiedWhileKeysRotate(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	k := identity.NewKeys(store, c, "")
	type token struct {
		key  string
		ends time.Time
	}
	var alive []token
	seen := map[string]bool{}
	var known map[string]ed25519.PublicKey
	for step := range 90 * 24 * 6 {
		all := published(t, k)
		if step%6 == 0 {
			known = all
		}
		id, private := signing(t, k)
		seen[id] = true
		if public, ok := known[id]; !ok || !public.Equal(private.Public()) {
			t.Fatalf("at %s %s signs, which was not published an hour ago", c.Now(), id)
		}
		alive = append(alive, token{id, c.Now().Add(identity.TokenLife)})
		for len(alive) > 0 && !c.Now().Before(alive[0].ends) {
			alive = alive[1:]
		}
		for _, one := range alive {
			if _, ok := all[one.key]; !ok {
				t.Fatalf("at %s the key of a token that ends at %s is gone", c.Now(), one.ends)
			}
		}
		if len(all) > 3 {
			t.Fatalf("%d keys are published", len(all))
		}
		c.pass(10 * time.Minute)
	}
	if len(seen) != 3 && len(seen) != 4 {
		t.Errorf("%d keys signed in three months", len(seen))
	}
}

func TestAKeyStaysForTheLongestToken(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	k := identity.NewKeys(store, c, "")
	id, _ := signing(t, k)
	ends := c.Now().Add(100 * day)
	if err := k.Hold(t.Context(), id, ends); err != nil {
		t.Fatal(err)
	}
	for c.Now().Before(ends) {
		if _, ok := published(t, k)[id]; !ok {
			t.Fatalf("gone at %s, its token ends at %s", c.Now(), ends)
		}
		c.pass(12 * time.Hour)
	}
	c.pass(day)
	if _, ok := published(t, k)[id]; ok {
		t.Error("it stays for ever")
	}
}

func TestAServerThatWasOffForMonthsAnnouncesANewKeyFirst(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	k := identity.NewKeys(store, c, "")
	old, _ := signing(t, k)
	c.pass(200 * day)
	k = identity.NewKeys(store, c, "")
	all := published(t, k)
	if id, _ := signing(t, k); id != old || len(all) != 2 && len(published(t, k)) != 2 {
		t.Errorf("%s signs at once, of %d", id, len(all))
	}
	c.pass(25 * time.Hour)
	published(t, k)
	if id, _ := signing(t, k); id == old {
		t.Error("the new one does not sign a day later")
	}
}

func TestProcessesThatStartTogetherAgreeOnAKey(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	ids := make(chan string, 16)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			id, _, err := identity.NewKeys(store, c, "").Signing(t.Context())
			if err != nil {
				t.Error(err)
			}
			ids <- id
		})
	}
	wg.Wait()
	first := <-ids
	for range cap(ids) - 1 {
		if id := <-ids; id != first {
			t.Errorf("%s and %s sign", first, id)
		}
	}
	if list, _ := store.Keys(context.Background()); len(list) != 1 {
		t.Errorf("%d keys", len(list))
	}
}

func TestWithASecretPrivateKeysAreStoredEncrypted(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	k := identity.NewKeys(store, c, "secret one")
	id, key := signing(t, k)
	list, _ := store.Keys(t.Context())
	if !list[0].Sealed || bytes.Contains(list[0].Private, key.Seed()) {
		t.Errorf("stored is %x of %x", list[0].Private, key.Seed())
	}
	if again, same := signing(t, identity.NewKeys(store, c, "secret one")); again != id || !same.Equal(key) {
		t.Error("another process has another key")
	}
	next, _ := signing(t, identity.NewKeys(store, c, "secret two"))
	if next == id {
		t.Error("another secret opens it")
	}
	if _, ok := published(t, identity.NewKeys(store, c, "secret two"))[id]; !ok {
		t.Error("with another secret tokens of before are not verified any more")
	}
}

// TestWithoutTheSecretNoKeyIsMadeBesideAnEncryptedOne: one that everybody reads would be worse than none.
func TestWithoutTheSecretNoKeyIsMadeBesideAnEncryptedOne(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	plain, _ := signing(t, identity.NewKeys(store, c, ""))
	c.pass(30 * day)
	with, without := identity.NewKeys(store, c, "a secret"), identity.NewKeys(store, c, "")
	if len(published(t, with)) != 2 {
		t.Fatal("the next key is not announced")
	}
	if id, _ := signing(t, without); id != plain { // who runs while others get the secret
		t.Errorf("before the encrypted one signs, %s does", id)
	}
	if err := without.Check(t.Context()); !lacksSecret(err) {
		t.Errorf("who starts without the secret before the encrypted one signs: %v", err)
	}
	if err := with.Check(t.Context()); err != nil {
		t.Errorf("who starts with the secret: %v", err)
	}
	for range 40 { // it signs, is alone, and would be replaced
		c.pass(day)
		if _, _, err := without.Signing(t.Context()); !lacksSecret(err) {
			t.Fatalf("at %s: %v", c.Now(), err)
		}
		if err := without.Check(t.Context()); !lacksSecret(err) {
			t.Fatalf("a start at %s: %v", c.Now(), err)
		}
		if len(published(t, without)) == 0 {
			t.Fatal("tokens of before are not verified any more")
		}
	}
	list, _ := store.Keys(t.Context())
	for _, one := range list {
		if !one.Sealed && one.ID != plain {
			t.Errorf("%s is stored as it is", one.ID)
		}
		if one.Sealed {
			_ = store.RemoveKey(t.Context(), one.ID)
		}
	}
	if err := without.Check(t.Context()); err != nil {
		t.Errorf("a start when they are removed: %v", err)
	}
	if _, _, err := without.Signing(t.Context()); err != nil {
		t.Errorf("when they are removed: %v", err)
	}
}

func lacksSecret(err error) bool {
	var known *domain.Error
	return errors.As(err, &known) && known.Kind == domain.KindUnavailable && strings.Contains(known.Advice, "AUTH_SECRET is empty")
}

func TestADamagedKeySignsNothing(t *testing.T) {
	t.Parallel()
	c, store := newClock(), memory.NewIdentity()
	id, _ := signing(t, identity.NewKeys(store, c, ""))
	list, _ := store.Keys(t.Context())
	_ = store.RemoveKey(t.Context(), id)
	list[0].Private = []byte("short")
	if err := store.AddKey(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	if next, _ := signing(t, identity.NewKeys(store, c, "")); next == id {
		t.Error("it signs")
	}
}
