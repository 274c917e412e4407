package store

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Identity is a store of accounts.
type Identity interface {
	ports.AccountStore
	ports.AccountSessions
	ports.AccountAdmin
	ports.KeyStore
}

// RunIdentity checks ports.AccountStore, AccountSessions, AccountAdmin and KeyStore.
// It needs an empty store each time.
func RunIdentity(t *testing.T, open func(t *testing.T) Identity) {
	for name, line := range map[string]func(*testing.T, Identity){
		"an account is found as it was created":                         accountFound,
		"one address has one account, also of creates at once":          accountTwins,
		"a change sets the given fields":                                accountChange,
		"a code makes one operator and is used up":                      codeOnce,
		"of codes used at once one makes an operator":                   codeRace,
		"a code is not open past its end, nor when there's an operator": codeEnds,
		"a session is found with its account until it is ended":         sessionLife,
		"an account's session is not another's to end or see":           sessionOwner,
		"a session begins only with the password as it is":              sessionPassword,
		"a session that begins while the password changes is ended":     sessionRace,
		"a password changes only from the one that was checked":         passwordRace,
		"keys are kept by generation, each once":                        keysKept,
		"text that can't be stored is refused":                          accountHostile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, open(t))
		})
	}
}

func newAccount(name string) domain.NewAccount {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return domain.NewAccount{Credential: domain.Credential{
		Account:  domain.Account{ID: name + uuid.NewString(), Email: name + "@example.org", Name: "Ünï " + name, CreatedAt: now, UpdatedAt: now},
		EmailKey: name + "@example.org", Hash: "hash of " + name,
	}}
}

func addAccount(t testing.TB, s Identity, name string) domain.NewAccount {
	t.Helper()
	n := newAccount(name)
	ok(t, s.Create(t.Context(), n))
	return n
}

func newSession(account string) domain.AccountSession {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return domain.AccountSession{
		ID: uuid.NewString(), AccountID: account, Secret: []byte{0, 1, 0xff}, Remembered: true, Address: "192.0.2.1", UserAgent: "a\x00b",
		CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func accountFound(t *testing.T, s Identity) {
	n := newAccount("ann")
	session := newSession(n.ID)
	n.Image, n.Scope, n.Session = ref("https://example.org/a.png"), "operator other", &session
	ok(t, s.Create(t.Context(), n))
	for _, find := range []func() (domain.Credential, error){
		func() (domain.Credential, error) { return s.ByID(t.Context(), n.ID) },
		func() (domain.Credential, error) { return s.ByEmail(t.Context(), n.EmailKey) },
	} {
		got, err := find()
		ok(t, err)
		want(t, "account", asJSON(got), asJSON(n.Credential))
	}
	_, account, err := s.Session(t.Context(), session.ID)
	ok(t, err)
	want(t, "the session's account", asJSON(account), asJSON(n.Account))
	_, err = s.ByEmail(t.Context(), "nobody")
	wantKind(t, "nobody", err, domain.ErrNotFound)
	_, err = s.ByID(t.Context(), "nobody")
	wantKind(t, "nobody", err, domain.ErrNotFound)
	other := addAccount(t, s, "bob")
	all, err := s.Accounts(t.Context())
	ok(t, err)
	want(t, "all", asJSON(all), asJSON([]domain.Account{n.Account, other.Account}))
}

func accountTwins(t *testing.T, s Identity) {
	var created atomic.Int64
	together(writers, func(int) {
		switch err := s.Create(t.Context(), newAccount("ann")); {
		case err == nil:
			created.Add(1)
		case !errors.Is(err, domain.ErrConflict):
			t.Error(err)
		}
	})
	want(t, "created", created.Load(), 1)
	n := newAccount("ann")
	session := newSession(n.ID)
	n.Session = &session
	wantKind(t, "a twin", s.Create(t.Context(), n), domain.ErrConflict)
	_, _, err := s.Session(t.Context(), session.ID)
	wantKind(t, "the twin's session", err, domain.ErrNotFound)
}

func accountChange(t *testing.T, s Identity) {
	n, other := addAccount(t, s, "ann"), addAccount(t, s, "bob")
	later := n.CreatedAt.Add(time.Minute)
	for _, c := range []struct {
		change domain.AccountChange
		name   string
		image  *string
	}{
		{domain.AccountChange{Name: ref("Ann")}, "Ann", nil},
		{domain.AccountChange{Image: ref(ref("x"))}, "Ann", ref("x")},
		{domain.AccountChange{}, "Ann", ref("x")},
		{domain.AccountChange{Image: ref((*string)(nil)), Name: ref("")}, "", nil},
	} {
		wanted := n.Account
		wanted.Name, wanted.Image, wanted.UpdatedAt = c.name, c.image, later
		got, err := s.Change(t.Context(), n.ID, c.change, later)
		ok(t, err)
		want(t, "answer", asJSON(got), asJSON(wanted))
		stored, err := s.ByID(t.Context(), n.ID)
		ok(t, err)
		want(t, "stored", asJSON(stored.Account), asJSON(wanted))
	}
	_, err := s.Change(t.Context(), "nobody", domain.AccountChange{Name: ref("x")}, later)
	wantKind(t, "nobody", err, domain.ErrNotFound)
	got, err := s.ByID(t.Context(), other.ID)
	ok(t, err)
	want(t, "another account", asJSON(got), asJSON(other.Credential))
}

func offer(t testing.TB, s Identity, code string, now time.Time) bool {
	t.Helper()
	open, err := s.Offer(t.Context(), []byte(code), now, now.Add(time.Hour))
	ok(t, err)
	return open
}

func withCode(name, code string) domain.NewAccount {
	n := newAccount(name)
	n.Code, n.Scope = []byte(code), domain.ScopeOperator
	return n
}

func codeOnce(t *testing.T, s Identity) {
	now := time.Now()
	addAccount(t, s, "somebody")
	want(t, "offered", offer(t, s, "\x00one", now), true)
	want(t, "a second", offer(t, s, "two", now), true)
	wantKind(t, "an unknown code", s.Create(t.Context(), withCode("eve", "three")), domain.ErrGone)
	taken := withCode("somebody", "two")
	wantKind(t, "an address that is taken", s.Create(t.Context(), taken), domain.ErrConflict)
	ok(t, s.Create(t.Context(), withCode("ann", "\x00one"))) // what was refused used no code up
	for _, code := range []string{"\x00one", "two"} {
		wantKind(t, "a code after that", s.Create(t.Context(), withCode("eve", code)), domain.ErrGone)
	}
	_, err := s.ByEmail(t.Context(), "eve@example.org")
	wantKind(t, "who was refused", err, domain.ErrNotFound)
	want(t, "offered again", offer(t, s, "four", now), false)
}

func codeRace(t *testing.T, s Identity) {
	now := time.Now()
	codes := []string{"a", "b", "c", "d"}
	for _, c := range codes {
		offer(t, s, c, now)
	}
	var made atomic.Int64
	together(writers, func(i int) {
		switch err := s.Create(t.Context(), withCode(uuid.NewString(), codes[i%len(codes)])); {
		case err == nil:
			made.Add(1)
		case !errors.Is(err, domain.ErrGone):
			t.Error(err)
		}
	})
	want(t, "operators", made.Load(), 1)
}

func codeEnds(t *testing.T, s Identity) {
	long := time.Now().Add(-2 * time.Hour)
	offer(t, s, "old", long)
	wantKind(t, "a code past its end", s.Create(t.Context(), withCode("eve", "old")), domain.ErrGone)
	n := addAccount(t, s, "ann")
	offer(t, s, "new", time.Now())
	ok(t, s.SetScope(t.Context(), n.ID, "x operator", time.Now()))
	wantKind(t, "a code beside an operator", s.Create(t.Context(), withCode("eve", "new")), domain.ErrGone)
	got, err := s.ByID(t.Context(), n.ID)
	ok(t, err)
	want(t, "scope", got.Scope, "x operator")
	wantKind(t, "nobody's scope", s.SetScope(t.Context(), "nobody", "", time.Now()), domain.ErrNotFound)
	ok(t, s.SetScope(t.Context(), n.ID, "", time.Now()))
	want(t, "offered when there is none again", offer(t, s, "newer", time.Now()), true)
	operator := newAccount("bob")
	operator.Scope = domain.ScopeOperator
	ok(t, s.Create(t.Context(), operator))
	wantKind(t, "a code beside an operator who came without one", s.Create(t.Context(), withCode("eve", "newer")), domain.ErrGone)
}

func beginSession(t testing.TB, s Identity, n domain.NewAccount) domain.AccountSession {
	t.Helper()
	session := newSession(n.ID)
	ok(t, s.Begin(t.Context(), session, n.Hash))
	return session
}

func sessionLife(t *testing.T, s Identity) {
	n := addAccount(t, s, "ann")
	session := beginSession(t, s, n)
	got, account, err := s.Session(t.Context(), session.ID)
	ok(t, err)
	want(t, "account", account.ID, n.ID)
	got.UserAgent, session.UserAgent = "", "" // NUL is replaced
	want(t, "session", asJSON(got), asJSON(session))
	now := session.CreatedAt.Add(time.Minute)
	ok(t, s.Extend(t.Context(), session.ID, now, now.Add(time.Hour)))
	got, _, err = s.Session(t.Context(), session.ID)
	ok(t, err)
	want(t, "extended", asJSON([]time.Time{got.UpdatedAt, got.ExpiresAt, got.CreatedAt}), asJSON([]time.Time{now, now.Add(time.Hour), session.CreatedAt}))
	ok(t, s.End(t.Context(), n.ID, session.ID))
	ok(t, s.End(t.Context(), n.ID, session.ID))
	ok(t, s.Extend(t.Context(), session.ID, now, now))
	_, _, err = s.Session(t.Context(), session.ID)
	wantKind(t, "ended", err, domain.ErrNotFound)
}

func sessionOwner(t *testing.T, s Identity) {
	ann, bob := addAccount(t, s, "ann"), addAccount(t, s, "bob")
	first, second, bobs := beginSession(t, s, ann), beginSession(t, s, ann), beginSession(t, s, bob)
	ok(t, s.End(t.Context(), bob.ID, first.ID))
	ids := func(account string, now time.Time) string {
		list, err := s.Sessions(t.Context(), account, now)
		ok(t, err)
		var out []string
		for _, one := range list {
			out = append(out, one.ID)
		}
		return strings.Join(out, " ")
	}
	wanted := first.ID + " " + second.ID
	if first.CreatedAt.Equal(second.CreatedAt) && second.ID < first.ID {
		wanted = second.ID + " " + first.ID
	}
	want(t, "ann's", ids(ann.ID, time.Now()), wanted)
	want(t, "bob's", ids(bob.ID, time.Now()), bobs.ID)
	want(t, "ann's, later", ids(ann.ID, time.Now().Add(2*time.Hour)), "")
}

func sessionPassword(t *testing.T, s Identity) {
	n := addAccount(t, s, "ann")
	first := beginSession(t, s, n)
	other := addAccount(t, s, "bob")
	bobs := beginSession(t, s, other)
	wantKind(t, "another password", s.Begin(t.Context(), newSession(n.ID), "x"), domain.ErrNotFound)
	wantKind(t, "no account", s.Begin(t.Context(), newSession("nobody"), n.Hash), domain.ErrNotFound)
	fresh := newSession(n.ID)
	ok(t, s.SetPassword(t.Context(), domain.PasswordChange{AccountID: n.ID, Old: n.Hash, Hash: "new", At: time.Now(), EndSessions: true, Begin: &fresh}))
	for what, c := range map[string]struct {
		id    string
		there bool
	}{"before": {first.ID, false}, "with it": {fresh.ID, true}, "another account's": {bobs.ID, true}} {
		if _, _, err := s.Session(t.Context(), c.id); (err == nil) != c.there {
			t.Errorf("the session %s: %v", what, err)
		}
	}
	wantKind(t, "the old password", s.Begin(t.Context(), newSession(n.ID), n.Hash), domain.ErrNotFound)
	ok(t, s.SetPassword(t.Context(), domain.PasswordChange{AccountID: n.ID, Hash: "newer", At: time.Now()}))
	_, _, err := s.Session(t.Context(), fresh.ID)
	ok(t, err)
	wantKind(t, "nobody", s.SetPassword(t.Context(), domain.PasswordChange{AccountID: "nobody", Hash: "x", At: time.Now()}), domain.ErrNotFound)
}

// sessionRace: whoever signs in with the old password while it changes has no
// session afterwards, whichever was first.
func sessionRace(t *testing.T, s Identity) {
	n := addAccount(t, s, "ann")
	var begun [writers]domain.AccountSession
	together(writers, func(i int) {
		begun[i] = newSession(n.ID)
		if i == writers/2 {
			ok(t, s.SetPassword(t.Context(), domain.PasswordChange{AccountID: n.ID, Old: n.Hash, Hash: "new", At: time.Now(), EndSessions: true}))
			return
		}
		if err := s.Begin(t.Context(), begun[i], n.Hash); err != nil && !errors.Is(err, domain.ErrNotFound) {
			t.Error(err)
		}
	})
	left, err := s.Sessions(t.Context(), n.ID, time.Now())
	ok(t, err)
	want(t, "sessions left", len(left), 0)
}

func passwordRace(t *testing.T, s Identity) {
	n := addAccount(t, s, "ann")
	var changed atomic.Int64
	together(writers, func(int) {
		switch err := s.SetPassword(t.Context(), domain.PasswordChange{AccountID: n.ID, Old: n.Hash, Hash: uuid.NewString(), At: time.Now()}); {
		case err == nil:
			changed.Add(1)
		case !errors.Is(err, domain.ErrNotFound):
			t.Error(err)
		}
	})
	want(t, "changes", changed.Load(), 1)
}

func keysKept(t *testing.T, s Identity) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	key := func(id string, generation int64) domain.SigningKey {
		return domain.SigningKey{ID: id, Generation: generation, Public: []byte{0, 1}, Private: []byte{2, 0}, Sealed: generation == 2, CreatedAt: now, SignsFrom: now.Add(time.Hour)}
	}
	second, first := key("b", 2), key("a", 1)
	second.TokensUntil = now.Add(time.Minute)
	ok(t, s.AddKey(t.Context(), second))
	ok(t, s.AddKey(t.Context(), first))
	wantKind(t, "a generation twice", s.AddKey(t.Context(), key("c", 2)), domain.ErrConflict)
	list := func() string {
		all, err := s.Keys(t.Context())
		ok(t, err)
		return asJSON(all)
	}
	want(t, "keys", list(), asJSON([]domain.SigningKey{first, second}))
	for _, until := range []time.Duration{time.Hour, time.Minute} {
		ok(t, s.HoldKey(t.Context(), "a", now.Add(until)))
		ok(t, s.HoldKey(t.Context(), "b", now.Add(until)))
	}
	first.TokensUntil, second.TokensUntil = now.Add(time.Hour), now.Add(time.Hour)
	want(t, "held", list(), asJSON([]domain.SigningKey{first, second}))
	wantKind(t, "no key", s.HoldKey(t.Context(), "x", now), domain.ErrNotFound)
	ok(t, s.RemoveKey(t.Context(), "a"))
	ok(t, s.RemoveKey(t.Context(), "a"))
	want(t, "left", list(), asJSON([]domain.SigningKey{second}))
}

func accountHostile(t *testing.T, s Identity) {
	n := newAccount("ann")
	n.Name = "a\x00b"
	if err := s.Create(t.Context(), n); err == nil {
		return // memory takes any text
	}
	_, err := s.ByEmail(t.Context(), "\xff")
	wantKind(t, "an address that is no text", err, domain.ErrInvalid)
	_, _, err = s.Session(t.Context(), "\x00")
	wantKind(t, "a session with NUL", err, domain.ErrInvalid)
	wantKind(t, "an end with NUL", s.End(t.Context(), "\x00", "x"), domain.ErrInvalid)
	wantKind(t, "a scope with NUL", s.SetScope(t.Context(), "x", "\x00", time.Now()), domain.ErrInvalid)
}
