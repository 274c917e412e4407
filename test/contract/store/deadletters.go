package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Letters is both sides of the dead letters, and the state whose attempts a
// redrive clears.
type Letters struct {
	Store ports.DeadLetterStore
	Admin ports.DeadLetterAdmin
	State ports.StateStore
}

// RunDeadLetters checks ports.DeadLetterStore and ports.DeadLetterAdmin.
func RunDeadLetters(t *testing.T, open func(t *testing.T) Letters) {
	for name, line := range map[string]func(*testing.T, Letters){
		"a letter comes back as it was, whatever bytes it has":     letterRoundTrip,
		"a letter that fails again is the same with more attempts": letterAgain,
		"hostile text is kept, not refused":                        letterHostile,
		"find narrows by every field, newest failure first":        letterFind,
		"redrive marks, clears the attempts and wakes":             letterRedrive,
		"a letter that failed again is not resolved":               letterResolve,
		"marked letters are of one group, oldest first":            letterMarked,
		"discard removes what matches and nothing else":            letterDiscard,
		"keeps at once add all attempts":                           letterRace,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, open(t))
		})
	}
}

var failedAt = time.Date(2026, 5, 1, 8, 0, 0, 1000, time.UTC)

func letter(n int) domain.DeadLetter {
	at := failedAt.Add(time.Duration(n) * time.Minute)
	return domain.DeadLetter{
		ID: fmt.Sprintf("letter-%02d", n), UserID: fmt.Sprint("u", n%2), EventID: uuid.NewString(), EventType: string(domain.TaskCreatedV1),
		Topic: domain.TaskCreated, Group: "audit-service", Key: fmt.Sprint("u", n%2), Body: []byte(`{"specversion":"1.0"}`),
		Reason: domain.ReasonExhausted, Error: "100% broken_by x", Attempts: 8, FirstFailed: at, LastFailed: at, TraceParent: "00-a-b-01",
	}
}

func (s Letters) keep(t testing.TB, l domain.DeadLetter) {
	t.Helper()
	ok(t, s.Store.Keep(t.Context(), l))
}

func (s Letters) find(t testing.TB, q domain.DeadLetterQuery) []domain.DeadLetter {
	t.Helper()
	got, err := s.Admin.Find(t.Context(), q)
	ok(t, err)
	return got
}

func letterRoundTrip(t *testing.T, s Letters) {
	l := letter(1)
	l.Body, l.Key = []byte("\x00\xff\xfe no utf-8 \x80"), "\xffkey\x00"
	s.keep(t, l)
	got := s.find(t, domain.DeadLetterQuery{})
	want(t, "letters", len(got), 1)
	want(t, "body", string(got[0].Body), string(l.Body))
	want(t, "key", got[0].Key, l.Key)
	want(t, "letter", asJSON(got[0]), asJSON(l))
	tombstone := domain.DeadLetter{ID: "tombstone", Topic: domain.TaskCreated, Group: "g", Reason: domain.ReasonMalformed, FirstFailed: failedAt, LastFailed: failedAt}
	s.keep(t, tombstone)
	got = s.find(t, domain.DeadLetterQuery{ID: "tombstone"})
	want(t, "letters without anything", len(got), 1)
	want(t, "body", len(got[0].Body), 0)
}

func letterAgain(t *testing.T, s Letters) {
	l := letter(1)
	s.keep(t, l)
	_, err := s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{})
	ok(t, err)
	again := l
	again.Attempts, again.Error, again.Reason = 3, "other", domain.ReasonPermanent
	again.FirstFailed, again.LastFailed = failedAt.Add(time.Hour), failedAt.Add(2*time.Hour)
	s.keep(t, again)
	again.Attempts, again.FirstFailed = 11, l.FirstFailed
	want(t, "letters", asJSON(s.find(t, domain.DeadLetterQuery{})), asJSON([]domain.DeadLetter{again}))
}

func letterHostile(t *testing.T, s Letters) {
	l := letter(1)
	l.Error, l.EventType, l.TraceParent, l.EventID = "bad\x00\xff", "t\x00", "\xff", "no uuid\x00"
	s.keep(t, l)
	got := s.find(t, domain.DeadLetterQuery{})
	want(t, "letters", len(got), 1)
	n, err := s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{})
	ok(t, err)
	want(t, "redriven", n, 1)
}

func letterFind(t *testing.T, s Letters) {
	for n := range 6 {
		l := letter(n)
		switch n {
		case 4:
			l.Group, l.Error = "recurring-service", "Broken%"
		case 5:
			l.Topic = domain.TaskDeleted
		}
		s.keep(t, l)
	}
	at := func(n int) *time.Time { return ref(failedAt.Add(time.Duration(n) * time.Minute)) }
	for _, c := range []struct {
		q    domain.DeadLetterQuery
		want []int
	}{
		{domain.DeadLetterQuery{}, []int{5, 4, 3, 2, 1, 0}},
		{domain.DeadLetterQuery{Limit: 2}, []int{5, 4}},
		{domain.DeadLetterQuery{ID: "letter-03"}, []int{3}},
		{domain.DeadLetterQuery{Group: "recurring-service"}, []int{4}},
		{domain.DeadLetterQuery{UserID: "u1"}, []int{5, 3, 1}},
		{domain.DeadLetterQuery{Topic: domain.TaskDeleted}, []int{5}},
		{domain.DeadLetterQuery{ErrorContains: "0% broken_b"}, []int{5, 3, 2, 1, 0}},
		{domain.DeadLetterQuery{ErrorContains: "n%"}, []int{4}},
		{domain.DeadLetterQuery{ErrorContains: "_%"}, nil},
		{domain.DeadLetterQuery{After: at(2)}, []int{5, 4, 3}},
		{domain.DeadLetterQuery{Before: at(2)}, []int{1, 0}},
		{domain.DeadLetterQuery{After: at(0), Before: at(3), UserID: "u0"}, []int{2}},
		{domain.DeadLetterQuery{Behind: &domain.DeadLetterMark{LastFailed: *at(4), UserID: "u0", ID: "letter-04"}, Limit: 3}, []int{3, 2, 1}},
		{domain.DeadLetterQuery{Behind: &domain.DeadLetterMark{LastFailed: *at(4)}}, []int{4, 3, 2, 1, 0}},
	} {
		var got, expect []string
		for _, l := range s.find(t, c.q) {
			got = append(got, l.ID)
		}
		for _, n := range c.want {
			expect = append(expect, letter(n).ID)
		}
		n, err := s.Admin.Count(t.Context(), c.q)
		ok(t, err)
		want(t, fmt.Sprintf("count of %+v", c.q), n, len(c.want))
		want(t, fmt.Sprintf("%+v", c.q), fmt.Sprint(got), fmt.Sprint(expect))
	}
}

func letterRedrive(t *testing.T, s Letters) {
	a, b := letter(1), letter(2)
	s.keep(t, a)
	s.keep(t, b)
	key := func(l domain.DeadLetter) string { return domain.ProcessedKey(uuid.MustParse(l.EventID), l.Group) }
	for _, l := range []domain.DeadLetter{a, b} {
		ok(t, s.State.Put(t.Context(), ports.Item{Key: key(l), Value: []byte(`{"state":"done"}`), TTL: time.Hour})[0])
	}
	n, err := s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{ID: a.ID})
	ok(t, err)
	want(t, "redriven", n, 1)
	select {
	case <-s.Store.Woken():
	case <-time.After(5 * time.Second):
		t.Fatal("not woken")
	}
	left, err := s.State.Get(t.Context(), key(a), key(b))
	ok(t, err)
	want(t, "keys left", len(left), 1)
	want(t, "key left", left[0].Key, key(b))
	marked, err := s.Store.Marked(t.Context(), a.Group, 10)
	ok(t, err)
	want(t, "marked", len(marked), 1)
	want(t, "marked letter", marked[0].ID, a.ID)
	want(t, "has a mark", marked[0].RedriveAt != nil, true)
	want(t, "attempts stay", marked[0].Attempts, a.Attempts)
	n, err = s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{ID: "nothing"})
	ok(t, err)
	want(t, "redriven", n, 0)
}

func letterResolve(t *testing.T, s Letters) {
	a, b := letter(1), letter(2)
	s.keep(t, a)
	s.keep(t, b)
	ok(t, s.Store.Resolve(t.Context(), a))
	want(t, "letters after resolving one without a mark", len(s.find(t, domain.DeadLetterQuery{})), 2)
	_, err := s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{})
	ok(t, err)
	marked, err := s.Store.Marked(t.Context(), a.Group, 10)
	ok(t, err)
	want(t, "marked", len(marked), 2)
	s.keep(t, a) // it failed again
	for _, l := range marked {
		ok(t, s.Store.Resolve(t.Context(), l))
	}
	got := s.find(t, domain.DeadLetterQuery{})
	want(t, "letters left", len(got), 1)
	want(t, "letter left", got[0].ID, a.ID)
	marked, err = s.Store.Marked(t.Context(), a.Group, 10)
	ok(t, err)
	want(t, "marked", len(marked), 0)
}

func letterMarked(t *testing.T, s Letters) {
	for _, n := range []int{3, 1, 2, 4} {
		l := letter(n)
		if n == 4 {
			l.Group = "other"
		}
		s.keep(t, l)
	}
	_, err := s.Admin.Redrive(t.Context(), domain.DeadLetterQuery{})
	ok(t, err)
	marked, err := s.Store.Marked(t.Context(), "audit-service", 2)
	ok(t, err)
	ids := []string{}
	for _, l := range marked {
		ids = append(ids, l.ID)
	}
	want(t, "marked", slices.Equal(ids, []string{"letter-01", "letter-02"}), true)
}

func letterDiscard(t *testing.T, s Letters) {
	for n := range 4 {
		s.keep(t, letter(n))
	}
	n, err := s.Admin.Discard(t.Context(), domain.DeadLetterQuery{UserID: "u1", Limit: 1})
	ok(t, err)
	want(t, "discarded", n, 1)
	got := s.find(t, domain.DeadLetterQuery{})
	want(t, "letters left", len(got), 3)
	want(t, "the newest of u1 is gone", got[0].ID, "letter-02")
}

func letterRace(t *testing.T, s Letters) {
	together(16, func(i int) {
		l := letter(1)
		l.EventID, l.Attempts = "", 1
		if err := s.Store.Keep(t.Context(), l); err != nil {
			t.Error(err)
		}
	})
	got := s.find(t, domain.DeadLetterQuery{})
	want(t, "letters", len(got), 1)
	want(t, "attempts", got[0].Attempts, 16)
}
