package store

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// RunAudit checks ports.AuditStore.
func RunAudit(t *testing.T, open func(t *testing.T) ports.AuditStore) {
	for name, line := range map[string]func(*testing.T, auditTest){
		"an entry comes back as it was":                     auditRoundTrip,
		"an entry is stored once, and never changed":        auditOnce,
		"lists are by position, newest first, in parts":     auditOrder,
		"lists are narrowed by kind and entity":             auditNarrow,
		"another user finds nothing":                        auditOwner,
		"64 appends at once, with doubles, store each once": auditRace,
		"a bad entry does not fail those beside it":         auditBadMate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, auditTest{open(t), uuid.NewString()})
		})
	}
}

type auditTest struct {
	ports.AuditStore
	run string
}

// u is the subtest's user of that name.
func (s auditTest) u(name string) string { return name + " " + s.run }

func entry(user string, position int64) domain.AuditEntry {
	return domain.AuditEntry{
		ID: uuid.New(), UserID: user, Position: position, EventType: "created", EntityType: "task", EntityID: newID().String(),
		Time: time.Now().UTC().Truncate(time.Microsecond), Data: json.RawMessage(`{"new":{"title":"é"},"old":null}`),
	}
}

func trail(t testing.TB, s auditTest, user string, q domain.AuditQuery) []domain.AuditEntry {
	t.Helper()
	got, err := s.List(t.Context(), user, q)
	ok(t, err)
	return got
}

func auditRoundTrip(t *testing.T, s auditTest) {
	e := entry(s.u("u"), 7)
	ok(t, s.Append(t.Context(), e))
	got := trail(t, s, s.u("u"), domain.AuditQuery{Limit: 10})
	want(t, "entries", len(got), 1)
	want(t, "entry", asJSON(got[0]), asJSON(e))
}

func auditOnce(t *testing.T, s auditTest) {
	e := entry(s.u("u"), 1)
	ok(t, s.Append(t.Context(), e))
	again := e
	again.EventType, again.Position = "deleted", 9
	ok(t, s.Append(t.Context(), again))
	got := trail(t, s, s.u("u"), domain.AuditQuery{Limit: 10})
	want(t, "entries", asJSON(got), asJSON([]domain.AuditEntry{e}))
	again.UserID = s.u("v")
	ok(t, s.Append(t.Context(), again))
	want(t, "another user's entry of that id", len(trail(t, s, s.u("v"), domain.AuditQuery{Limit: 10})), 1)
}

func auditOrder(t *testing.T, s auditTest) {
	for _, p := range []int64{3, 1, 5, 2, 4} {
		ok(t, s.Append(t.Context(), entry(s.u("u"), p)))
	}
	for offset := range 6 {
		got := trail(t, s, s.u("u"), domain.AuditQuery{Limit: 2, Offset: offset})
		want(t, "entries", len(got), min(2, 5-offset))
		for i, e := range got {
			want(t, "position", e.Position, int64(5-offset-i))
		}
	}
}

func auditNarrow(t *testing.T, s auditTest) {
	a, b, c := entry(s.u("u"), 1), entry(s.u("u"), 2), entry(s.u("u"), 3)
	b.EventType, c.EntityType, c.EntityID = "deleted", "notification", a.EntityID
	for _, e := range []domain.AuditEntry{a, b, c} {
		ok(t, s.Append(t.Context(), e))
	}
	for _, q := range []struct {
		q domain.AuditQuery
		n int
	}{
		{domain.AuditQuery{}, 3},
		{domain.AuditQuery{EventType: "created"}, 2},
		{domain.AuditQuery{EntityType: "task"}, 2},
		{domain.AuditQuery{EntityID: a.EntityID}, 2},
		{domain.AuditQuery{EntityID: a.EntityID, EntityType: "task"}, 1},
		{domain.AuditQuery{EventType: "%"}, 0},
	} {
		q.q.Limit = 10
		want(t, fmt.Sprintf("%+v", q.q), len(trail(t, s, s.u("u"), q.q)), q.n)
	}
}

func auditOwner(t *testing.T, s auditTest) {
	e := entry(s.u("u"), 1)
	ok(t, s.Append(t.Context(), e))
	want(t, "entries", len(trail(t, s, s.u("v"), domain.AuditQuery{Limit: 10, EntityID: e.EntityID})), 0)
}

func auditRace(t *testing.T, s auditTest) {
	entries := make([]domain.AuditEntry, 16)
	for i := range entries {
		entries[i] = entry(s.u("u"), int64(i))
	}
	together(64, func(i int) {
		if err := s.Append(t.Context(), entries[i%len(entries)]); err != nil {
			t.Error(err)
		}
	})
	want(t, "entries", len(trail(t, s, s.u("u"), domain.AuditQuery{Limit: 100})), len(entries))
}

func auditBadMate(t *testing.T, s auditTest) {
	together(32, func(i int) {
		e := entry(s.u("u"), int64(i))
		if i%8 == 0 {
			e.EntityID = "a\x00"
		}
		if err := s.Append(t.Context(), e); (err != nil) != (i%8 == 0) {
			t.Errorf("entry %d: %v", i, err)
		}
	})
	want(t, "entries", len(trail(t, s, s.u("u"), domain.AuditQuery{Limit: 100})), 28)
}
