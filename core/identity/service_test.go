package identity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/identity"
)

func TestAnAccountIsOnlyMadeOfWhatIsRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	long := strings.Repeat("x", 256)
	for name, c := range map[string]struct {
		u    identity.NewUser
		want string
	}{
		"7 characters":               {identity.NewUser{Email: "a@example.org", Password: "ééééééé"}, "PASSWORD_TOO_SHORT"},
		"129 characters":             {identity.NewUser{Email: "a@example.org", Password: strings.Repeat("é", 129)}, "PASSWORD_TOO_LONG"},
		"a megabyte":                 {identity.NewUser{Email: "a@example.org", Password: strings.Repeat("x", 1<<20)}, "PASSWORD_TOO_LONG"},
		"no address":                 {identity.NewUser{Email: "a", Password: password}, "VALIDATION_ERROR"},
		"a long name":                {identity.NewUser{Email: "a@example.org", Password: password, Name: long}, "VALIDATION_ERROR"},
		"a name with a control":      {identity.NewUser{Email: "a@example.org", Password: password, Name: "a\x00"}, "VALIDATION_ERROR"},
		"a picture of a huge length": {identity.NewUser{Email: "a@example.org", Password: password, Image: ref(strings.Repeat(long, 10))}, "VALIDATION_ERROR"},
		"128 characters":             {identity.NewUser{Email: "b@example.org", Password: strings.Repeat("é", 128)}, ""},
		"8 characters":               {identity.NewUser{Email: "c@example.org", Password: "éééééééé"}, ""},
	} {
		_, err := w.SignUp(t.Context(), c.u, visitor)
		var refusal *identity.Refusal
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &refusal) || refusal.Code != c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func ref[T any](v T) *T { return &v }

func TestSignUpIsClosedWithoutACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	u := identity.NewUser{Name: "N", Email: "ann@example.org", Password: password}
	_, err := w.SignUp(t.Context(), u, visitor)
	is(t, "closed", err, identity.ErrSignUpClosed)
	u.Code = "guessed"
	_, err = w.SignUp(t.Context(), u, visitor)
	is(t, "a code of nobody", err, identity.ErrCodeClosed)
	if u.Code, err = identity.Offer(t.Context(), w.store, w.clock); err != nil || len(u.Code) < 26 {
		t.Fatalf("%q, %v", u.Code, err)
	}
	who, err := w.SignUp(t.Context(), u, visitor)
	if err != nil || !who.Account.IsOperator() {
		t.Errorf("%+v, %v", who.Account, err)
	}
	u.Email = "eve@example.org"
	_, err = w.SignUp(t.Context(), u, visitor)
	is(t, "the same code again", err, identity.ErrCodeClosed)
	if code, err := identity.Offer(t.Context(), w.store, w.clock); code != "" || err != nil {
		t.Errorf("a second code is offered: %q, %v", code, err)
	}
}

func TestACodeEndsAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	code, _ := identity.Offer(t.Context(), w.store, w.clock)
	w.clock.pass(identity.CodeLife)
	_, err := w.SignUp(t.Context(), identity.NewUser{Email: "ann@example.org", Password: password, Code: code}, visitor)
	is(t, "an old code, where sign-up is open", err, identity.ErrCodeClosed)
}

func TestASessionLastsAWeekAndIsProlongedByUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	cookie := w.signUp("ann@example.org").Cookie
	for day := range 30 {
		who, err := w.session(cookie)
		if err != nil || who.Renewed != (day > 0) || who.Cookie != cookie {
			t.Fatalf("day %d: renewed %v, %v", day, who.Renewed, err)
		}
		if again, err := w.session(cookie); err != nil || again.Renewed {
			t.Fatalf("day %d, again: renewed %v, %v", day, again.Renewed, err)
		}
		w.clock.pass(24 * time.Hour)
	}
	if who, err := w.Session(t.Context(), cookie, false); err != nil || who.Renewed {
		t.Errorf("a look renews it: %v, %v", who.Renewed, err)
	}
	w.clock.pass(6*24*time.Hour - time.Millisecond)
	if _, err := w.Session(t.Context(), cookie, false); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	w.clock.pass(time.Millisecond)
	_, err := w.session(cookie)
	is(t, "at its end", err, identity.ErrSessionEnded)
}

func TestASessionThatIsNotRememberedLastsADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.signUp("ann@example.org")
	who, err := w.SignIn(t.Context(), "ann@example.org", password, false, visitor)
	if err != nil || who.Session.Remembered {
		t.Fatalf("%+v, %v", who.Session, err)
	}
	w.clock.pass(24*time.Hour - time.Millisecond)
	if again, err := w.session(who.Cookie); err != nil || again.Renewed {
		t.Errorf("renewed %v, %v", again.Renewed, err)
	}
	w.clock.pass(time.Millisecond)
	_, err = w.session(who.Cookie)
	is(t, "after a day", err, identity.ErrSessionEnded)
}

func TestACookieThatIsNotOursProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ann, bob := w.signUp("ann@example.org"), w.signUp("bob@example.org")
	id, secret, _ := strings.Cut(ann.Cookie, ".")
	bobID, bobSecret, _ := strings.Cut(bob.Cookie, ".")
	for name, cookie := range map[string]string{
		"nothing": "", "a dot": ".", "the id alone": id, "the id and a dot": id + ".", "another's secret": id + "." + bobSecret, "another's session": bobID + "." + secret,
		"cut off": ann.Cookie[:len(ann.Cookie)-1], "longer": ann.Cookie + "A", "in other case": strings.ToUpper(ann.Cookie), "padded": ann.Cookie + "=", "what JSON has": ann.Session.ID,
		"what is stored": id + "." + string(ann.Session.Secret), "NUL": "\x00" + ann.Cookie, "a quote": id + "'--." + secret, "huge": strings.Repeat("a", 1<<20), "twice": ann.Cookie + ann.Cookie,
	} {
		if who, err := w.session(cookie); !errors.Is(err, identity.ErrNoSession) {
			t.Errorf("%s: %+v, %v", name, who.Account, err)
		}
	}
}

func TestAnEndedSessionsCookieIsWorthNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ann := w.signUp("ann@example.org")
	second, _ := w.SignIn(t.Context(), "ann@example.org", password, true, visitor)
	third, _ := w.SignIn(t.Context(), "ann@example.org", password, true, visitor)
	if err := w.SignOut(t.Context(), ann.Cookie); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.SignOut(t.Context(), ann.Cookie), w.SignOut(t.Context(), "x")); err != nil {
		t.Errorf("signing out twice: %v", err)
	}
	_, err := w.session(ann.Cookie)
	is(t, "after a sign-out", err, identity.ErrSessionEnded)
	begun, err := w.ChangePassword(t.Context(), second, password, "another horse", true, visitor)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{second.Cookie, third.Cookie} {
		_, err := w.session(old)
		is(t, "after a change of the password", err, identity.ErrSessionEnded)
	}
	if _, err := w.session(begun.Cookie); err != nil {
		t.Errorf("who changed it: %v", err)
	}
}

func TestOnesSessionsAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ann, bob := w.signUp("ann@example.org"), w.signUp("bob@example.org")
	if err := w.Revoke(t.Context(), bob, ann.Session.ID); err != nil {
		t.Error(err)
	}
	if _, err := w.session(ann.Cookie); err != nil {
		t.Errorf("bob ended ann's session: %v", err)
	}
	list, err := w.Sessions(t.Context(), bob)
	if err != nil || len(list) != 1 || list[0].AccountID != bob.Account.ID {
		t.Errorf("bob's sessions: %v, %v", list, err)
	}
	if err := w.Revoke(t.Context(), ann, ann.Session.ID); err != nil {
		t.Error(err)
	}
	_, err = w.session(ann.Cookie)
	is(t, "revoked", err, identity.ErrSessionEnded)
}

func TestAPasswordIsTheSameInAnyComposition(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	if _, err := w.SignUp(t.Context(), identity.NewUser{Email: "a@example.org", Password: "caf\u00e9 caf\u00e9"}, visitor); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SignIn(t.Context(), "a@example.org", "cafe\u0301 cafe\u0301", true, visitor); err != nil {
		t.Errorf("typed on another keyboard: %v", err)
	}
	_, err := w.SignIn(t.Context(), "a@example.org", "cafe cafe", true, visitor)
	is(t, "without accents", err, identity.ErrCredentials)
}

func TestTwoSignUpsAtOnceMakeOneAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	var made atomic.Int64
	var wg sync.WaitGroup
	for _, email := range []string{"ann@example.org", "ANN@example.org", "ａｎｎ@example.org", "Ann@EXAMPLE.org"} {
		wg.Go(func() {
			switch _, err := w.SignUp(t.Context(), identity.NewUser{Email: email, Password: password}, visitor); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, identity.ErrEmailTaken):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d accounts", made.Load())
	}
}

func TestDeletingTakesThePasswordOrAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ann := w.signUp("ann@example.org")
	is(t, "a wrong password", w.Delete(t.Context(), ann, ref("wrong horse")), identity.ErrPassword)
	w.clock.pass(24 * time.Hour)
	is(t, "a day later, without", w.Delete(t.Context(), ann, nil), identity.ErrNotFresh)
	if len(w.eraser.erased) != 0 {
		t.Fatalf("erased %v", w.eraser.erased)
	}
	if err := w.Delete(t.Context(), ann, ref(password)); err != nil {
		t.Error(err)
	}
	again, _ := w.SignIn(t.Context(), "ann@example.org", password, true, visitor)
	if err := w.Delete(t.Context(), again, nil); err != nil || len(w.eraser.erased) != 2 || w.eraser.erased[1] != ann.Account.ID {
		t.Errorf("%v, erased %v", err, w.eraser.erased)
	}
}

func TestWhatOperatorsDoWithAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	bob, err := w.admin.Create(t.Context(), "Bob", "Bob@example.org", password, "")
	if err != nil || bob.Email != "bob@example.org" {
		t.Fatalf("%+v, %v", bob, err)
	}
	_, err = w.admin.Create(t.Context(), "Bob", "bob@example.org", password, "")
	is(t, "twice", err, identity.ErrEmailTaken)
	for _, who := range []string{bob.ID, "BOB@example.org"} {
		if found, err := w.admin.Find(t.Context(), who); err != nil || found.ID != bob.ID {
			t.Errorf("%s: %+v, %v", who, found, err)
		}
	}
	if _, err := w.admin.Find(t.Context(), "nobody@example.org"); !errors.Is(err, domain.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	for _, c := range []struct {
		take bool
		want string
	}{{false, "operator"}, {false, "operator"}, {true, ""}, {true, ""}} {
		if scope, err := w.admin.Grant(t.Context(), bob.ID, domain.ScopeOperator, c.take); err != nil || scope != c.want {
			t.Errorf("%+v: %q, %v", c, scope, err)
		}
	}
	who, err := w.SignIn(t.Context(), "bob@example.org", password, true, visitor)
	if err != nil {
		t.Fatal(err)
	}
	is(t, "a short password", w.admin.ResetPassword(t.Context(), bob.ID, "short"), identity.ErrPasswordTooShort)
	made := identity.GeneratePassword()
	if err := w.admin.ResetPassword(t.Context(), bob.ID, made); err != nil {
		t.Fatal(err)
	}
	_, err = w.session(who.Cookie)
	is(t, "a session of before", err, identity.ErrSessionEnded)
	if _, err := w.SignIn(t.Context(), "bob@example.org", made, true, visitor); err != nil {
		t.Errorf("with the new password %q: %v", made, err)
	}
}

func TestAnOutageIsNoRefusal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorld(t, true)
	w.signUp("ann@example.org")
	_, err := w.SignIn(ctx, "ann@example.org", password, true, visitor)
	var refusal *identity.Refusal
	if err == nil || errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
}
