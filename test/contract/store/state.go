package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// StateOptions says what RunState can expect beyond the port.
type StateOptions struct {
	// MinTTL is the shortest TTL the store can keep; 0: 250 ms. Dapr's is 1 s.
	MinTTL time.Duration
	// Wait lets time pass for the store; nil: it really passes.
	Wait func(d time.Duration)
	// Shared says that the store is one that other tests write to as well.
	Shared bool
	// Omit says which subtests this store can't run and why.
	Omit map[string]string
}

// RunState checks ports.StateStore: a database, memory, or Dapr's state API.
func RunState(t *testing.T, open func(t *testing.T) ports.StateStore, o StateOptions) {
	if o.MinTTL == 0 {
		o.MinTTL = 250 * time.Millisecond
	}
	if o.Wait == nil {
		o.Wait = time.Sleep
	}
	for name, line := range map[string]func(*testing.T, stateTest){
		"a value comes back, absent keys do not":              stateRoundTrip,
		"any write overwrites":                                stateAny,
		"if absent writes once":                               stateIfAbsent,
		"if match needs the present ETag":                     stateIfMatch,
		"a value of any JSON kind is kept":                    stateKinds,
		"each item of a batch has its own outcome":            stateBatch,
		"an expired value is absent":                          stateExpiry,
		"a write without TTL ends an earlier one":             stateTTLEnds,
		"an ETag of before an expiry does not match":          stateOldETag,
		"64 if-absent writes at once: exactly one wins":       stateRaceAbsent,
		"64 if-match writes at once: exactly one wins":        stateRaceMatch,
		"64 if-absent writes over an expired value: one wins": stateRaceExpired,
		"a counter by if-match loses no step":                 stateCounter,
		"many keys at once do not disturb each other":         stateManyKeys,
	} {
		t.Run(name, func(t *testing.T) {
			if why, omitted := o.Omit[name]; omitted {
				t.Skip(why)
			}
			t.Parallel()
			line(t, stateTest{open(t), o, uuid.NewString()})
		})
	}
}

type stateTest struct {
	ports.StateStore
	StateOptions
	prefix string
}

func (s stateTest) key(n int) string { return fmt.Sprintf("processed-%s-%d", s.prefix, n) }

func (s stateTest) put(t testing.TB, i ports.Item) error {
	t.Helper()
	errs := s.Put(t.Context(), i)
	want(t, "results", len(errs), 1)
	return errs[0]
}

func (s stateTest) get(t testing.TB, key string) (ports.Entry, bool) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	ok(t, err)
	if len(got) == 0 {
		return ports.Entry{}, false
	}
	want(t, "entries", len(got), 1)
	want(t, "key", got[0].Key, key)
	return got[0], true
}

func (s stateTest) holds(t testing.TB, key, value string) ports.Entry {
	t.Helper()
	e, there := s.get(t, key)
	want(t, "there is a value", there, true)
	want(t, "value", compact(e.Value), compact([]byte(value)))
	return e
}

func compact(b []byte) string {
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		return "no JSON: " + string(b)
	}
	return out.String()
}

func stateRoundTrip(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`{"state":"started"}`)}))
	s.holds(t, s.key(1), `{"state":"started"}`)
	got, err := s.Get(t.Context(), s.key(1), s.key(2), s.key(3))
	ok(t, err)
	want(t, "entries", len(got), 1)
	got, err = s.Get(t.Context())
	ok(t, err)
	want(t, "entries of no keys", len(got), 0)
}

func stateAny(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`)}))
	first := s.holds(t, s.key(1), `1`)
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`)}))
	second := s.holds(t, s.key(1), `2`)
	want(t, "the ETag changed", first.ETag != second.ETag, true)
}

func stateIfAbsent(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`), Mode: ports.IfAbsent}))
	wantKind(t, "second", s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`), Mode: ports.IfAbsent}), domain.ErrConflict)
	s.holds(t, s.key(1), `1`)
}

func stateIfMatch(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`)}))
	e := s.holds(t, s.key(1), `1`)
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag}))
	for _, etag := range []string{e.ETag, "1"} {
		wantKind(t, "old ETag", s.put(t, ports.Item{Key: s.key(1), Value: []byte(`3`), Mode: ports.IfMatch, ETag: etag}), domain.ErrConflict)
	}
	wantKind(t, "absent", s.put(t, ports.Item{Key: s.key(2), Value: []byte(`3`), Mode: ports.IfMatch, ETag: e.ETag}), domain.ErrConflict)
	s.holds(t, s.key(1), `2`)
	_, there := s.get(t, s.key(2))
	want(t, "absent stays absent", there, false)
}

func stateKinds(t *testing.T, s stateTest) {
	for i, v := range []string{`"text é \" \\ 🌊"`, `12.5`, `true`, `[1,"2",null]`, `{"a":{"b":[]}}`} {
		ok(t, s.put(t, ports.Item{Key: s.key(i), Value: []byte(v)}))
		s.holds(t, s.key(i), v)
	}
}

func stateBatch(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`)}))
	e := s.holds(t, s.key(1), `1`)
	errs := s.Put(t.Context(),
		ports.Item{Key: s.key(0), Value: []byte(`10`)},
		ports.Item{Key: s.key(1), Value: []byte(`11`), Mode: ports.IfAbsent},
		ports.Item{Key: s.key(2), Value: []byte(`12`), Mode: ports.IfAbsent},
		ports.Item{Key: s.key(3), Value: []byte(`13`), Mode: ports.IfMatch, ETag: e.ETag},
	)
	want(t, "results", len(errs), 4)
	ok(t, errs[0])
	wantKind(t, "second", errs[1], domain.ErrConflict)
	ok(t, errs[2])
	wantKind(t, "fourth", errs[3], domain.ErrConflict)
	s.holds(t, s.key(0), `10`)
	s.holds(t, s.key(1), `1`)
	s.holds(t, s.key(2), `12`)
	got, err := s.Get(t.Context(), s.key(0), s.key(1), s.key(2), s.key(3))
	ok(t, err)
	want(t, "entries", len(got), 3)
	want(t, "results of nothing", len(s.Put(t.Context())), 0)
}

func stateExpiry(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`), Mode: ports.IfAbsent, TTL: s.MinTTL}))
	ok(t, s.put(t, ports.Item{Key: s.key(2), Value: []byte(`1`), Mode: ports.IfAbsent, TTL: time.Hour}))
	s.Wait(s.MinTTL + s.MinTTL/2)
	_, there := s.get(t, s.key(1))
	want(t, "expired is there", there, false)
	s.holds(t, s.key(2), `1`)
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`), Mode: ports.IfAbsent}))
	s.Wait(s.MinTTL + s.MinTTL/2)
	s.holds(t, s.key(1), `2`)
}

func stateTTLEnds(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`), TTL: 4 * s.MinTTL}))
	e := s.holds(t, s.key(1), `1`)
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag}))
	ok(t, s.put(t, ports.Item{Key: s.key(2), Value: []byte(`1`), TTL: 4 * s.MinTTL}))
	ok(t, s.put(t, ports.Item{Key: s.key(2), Value: []byte(`2`)}))
	s.Wait(5 * s.MinTTL)
	s.holds(t, s.key(1), `2`)
	s.holds(t, s.key(2), `2`)
}

func stateOldETag(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1`), TTL: 4 * s.MinTTL}))
	e := s.holds(t, s.key(1), `1`)
	s.Wait(5 * s.MinTTL)
	wantKind(t, "expired", s.put(t, ports.Item{Key: s.key(1), Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag}), domain.ErrConflict)
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`3`), Mode: ports.IfAbsent}))
	wantKind(t, "written anew", s.put(t, ports.Item{Key: s.key(1), Value: []byte(`4`), Mode: ports.IfMatch, ETag: e.ETag}), domain.ErrConflict)
	s.holds(t, s.key(1), `3`)
}

// race has 64 puts of one key at once and wants exactly one to win, and its value.
func (s stateTest) race(t *testing.T, mode ports.WriteMode, etag string) {
	t.Helper()
	var wins atomic.Int64
	var winner atomic.Int64
	together(64, func(i int) {
		errs := s.Put(t.Context(), ports.Item{Key: s.key(1), Value: fmt.Append(nil, i), Mode: mode, ETag: etag, TTL: time.Hour})
		switch {
		case errs[0] == nil:
			wins.Add(1)
			winner.Store(int64(i))
		case !errors.Is(errs[0], domain.ErrConflict):
			t.Error(errs[0])
		}
	})
	want(t, "wins", wins.Load(), 1)
	s.holds(t, s.key(1), fmt.Sprint(winner.Load()))
}

func stateRaceAbsent(t *testing.T, s stateTest) { s.race(t, ports.IfAbsent, "") }

func stateRaceMatch(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1000`)}))
	s.race(t, ports.IfMatch, s.holds(t, s.key(1), `1000`).ETag)
}

func stateRaceExpired(t *testing.T, s stateTest) {
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`1000`), TTL: s.MinTTL}))
	s.Wait(s.MinTTL + s.MinTTL/2)
	s.race(t, ports.IfAbsent, "")
}

func stateCounter(t *testing.T, s stateTest) {
	const workers, each = 8, 5
	ok(t, s.put(t, ports.Item{Key: s.key(1), Value: []byte(`0`)}))
	together(workers, func(int) {
		for range each {
			for {
				got, err := s.Get(t.Context(), s.key(1))
				if err != nil || len(got) != 1 {
					t.Error(len(got), err)
					return
				}
				var n int
				if err := json.Unmarshal(got[0].Value, &n); err != nil {
					t.Error(err)
					return
				}
				err = s.Put(t.Context(), ports.Item{Key: s.key(1), Value: fmt.Append(nil, n+1), Mode: ports.IfMatch, ETag: got[0].ETag})[0]
				if err == nil {
					break
				}
				if !errors.Is(err, domain.ErrConflict) {
					t.Error(err)
					return
				}
			}
		}
	})
	s.holds(t, s.key(1), fmt.Sprint(workers*each))
}

func stateManyKeys(t *testing.T, s stateTest) {
	together(64, func(i int) {
		value := fmt.Append(nil, i)
		steps := []ports.Item{
			{Key: s.key(i), Value: []byte(`"started"`), Mode: ports.IfAbsent, TTL: time.Hour},
			{Key: s.key(i), Value: value, TTL: time.Hour},
		}
		for _, item := range steps {
			if err := s.Put(t.Context(), item)[0]; err != nil {
				t.Error(err)
				return
			}
		}
		if got, err := s.Get(t.Context(), s.key(i)); err != nil || len(got) != 1 || compact(got[0].Value) != string(value) {
			t.Errorf("key %d: %v %v", i, got, err)
		}
	})
}
