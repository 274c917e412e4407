package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/test/contract/store"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		store.RunIdentity(t, func(*testing.T) store.Identity { return memory.NewIdentity() })
	})
	for _, b := range backends()[:2] { // no user_id to cut these tables by
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			store.RunIdentity(t, func(t *testing.T) store.Identity { return sqlstore.NewIdentity(b.fresh(t)) })
		})
	}
}

func account(t testing.TB, s *sqlstore.Identity, id string) domain.NewAccount {
	t.Helper()
	now := time.Now()
	n := domain.NewAccount{Credential: domain.Credential{
		Account: domain.Account{ID: id, CreatedAt: now, UpdatedAt: now}, EmailKey: id, Hash: "x",
	}, Session: &domain.AccountSession{ID: "session of " + id, AccountID: id, Secret: []byte("x"), CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour)}}
	if err := s.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestErasingAUserRemovesTheAccountAndItsSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		db := b.fresh(t)
		s := sqlstore.NewIdentity(db)
		account(t, s, "u")
		account(t, s, "v")
		gone, err := sqlstore.NewUsers(db).Erase(t.Context(), "u")
		if err != nil || gone.Accounts != 1 {
			t.Errorf("erased %+v, %v", gone, err)
		}
		for id, there := range map[string]bool{"u": false, "v": true} {
			_, err := s.ByID(t.Context(), id)
			_, _, err2 := s.Session(t.Context(), "session of "+id)
			if (err == nil) != there || (err2 == nil) != there {
				t.Errorf("%s: %v, %v", id, err, err2)
			}
			list, err := s.Sessions(t.Context(), id, time.Now())
			if err != nil || (len(list) == 1) != there {
				t.Errorf("%s has the sessions %v, %v", id, list, err)
			}
		}
	})
}

func TestSessionsThatEndedAreSwept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b backend) {
		s := sqlstore.NewIdentity(b.fresh(t))
		now := time.Now()
		n := account(t, s, "u")
		for i, ends := range []time.Duration{-time.Hour, -time.Minute, -time.Second, time.Minute} {
			if err := s.Begin(t.Context(), domain.AccountSession{
				ID: fmt.Sprint(i), AccountID: "u", Secret: []byte("x"), CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(ends),
			}, n.Hash); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int64{2, 1, 0} {
			if got, err := s.DeleteSessionsBefore(t.Context(), now, 2); err != nil || got != want {
				t.Errorf("deleted %d, %v; want %d", got, err, want)
			}
		}
		for _, id := range []string{"3", "session of u"} {
			if _, _, err := s.Session(t.Context(), id); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}
