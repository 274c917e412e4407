package transport

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/ports"
)

// What a foreign program may put on a topic. Transports look into no body: they
// deliver it as it came, and the next one after it.
func hostileBodies(limit int) map[string][]byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	big := make([]byte, limit)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range big {
		big[i] = byte(random.Uint32())
	}
	return map[string][]byte{
		"tombstone":               nil,
		"empty":                   {},
		"no_json":                 []byte("{not json"),
		"json_null":               []byte("null"),
		"json_with_odd_spaces":    []byte("{ \"b\" : 1 ,\r\n\t\"a\":2.0}\n"),
		"every_byte":              all,
		"invalid_utf8":            []byte("\xff\xfe\xc0\xaf"),
		"wrong_types":             []byte(`{"specversion":1,"id":{},"source":[],"type":null,"time":"yesterday","traceparent":5,"data":"\u0000"}`),
		"expired":                 []byte(`{"specversion":"1.0","id":"1","source":"x","type":"y","expiration":"2001-01-01T00:00:00Z","data":1}`),
		"looks_base64":            []byte("aGVsbG8="),
		"at_the_brokers_limit":    big,
		"one_byte_newline":        []byte("\n"),
		"a_string":                []byte(`"text"`),
		"deeply_nested":           bytes.Repeat([]byte("["), 20_000),
		"cloudevent_data_base64":  []byte(`{"specversion":"1.0","id":"1","source":"x","type":"y","data_base64":"AAEC"}`),
		"duplicate_and_long_name": []byte(`{"a":1,"a":2,"` + string(bytes.Repeat([]byte("n"), 3000)) + `":3}`),
	}
}

// sink collects raw messages in order of delivery.
type sink struct {
	mu   sync.Mutex
	got  []ports.Message
	more chan struct{}
}

func (s *sink) handle(_ context.Context, m ports.Message) ports.Answer {
	s.mu.Lock()
	s.got = append(s.got, m)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
	return ports.Answer{}
}

// await returns the first n messages.
func (s *sink) await(l *lab, n int) []ports.Message {
	l.Helper()
	limit := time.After(l.h.Patience)
	for {
		s.mu.Lock()
		got := s.got
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-s.more:
		case <-limit:
			l.Fatalf("after %s only %d of %d messages arrived", l.h.Patience, len(got), n)
		}
	}
}

func (l *lab) sink() *sink {
	s := &sink{more: make(chan struct{}, 1)}
	sub := durable(l, "sink")
	sub.Topics = l.topics
	l.h.Instance(l.T, sub).Start(l.T, s.handle)
	return s
}

// All go to one key, so that each must let the next one pass.
func hostileArriveUntouched(l *lab) {
	foreign := l.h.Foreign(l.T)
	bodies := hostileBodies(l.h.MaxBody)
	names := slices.Sorted(maps.Keys(bodies))
	s := l.sink()
	for _, name := range names {
		if err := foreign.Publish(l.Context(), ports.Record{Topic: l.topics[0], Key: "u", Body: bodies[name]}); err != nil {
			l.Fatalf("%s: %v", name, err)
		}
	}
	got := s.await(l, len(names))
	for i, name := range names {
		l.Run(name, func(t *testing.T) {
			if !bytes.Equal(got[i].Body, bodies[name]) || got[i].Key != "u" {
				t.Errorf("published %.60q (%d bytes), delivered %.60q (%d bytes) with key %q",
					bodies[name], len(bodies[name]), got[i].Body, len(got[i].Body), got[i].Key)
			}
		})
	}
}

func hostileKeys(l *lab) {
	foreign := l.h.Foreign(l.T)
	s := l.sink()
	keys := []string{"", "a\nb\r\nc: d", "ü", "\x00\x01", `"quoted"`, "a b%20c", "plain"}
	for _, k := range keys {
		if err := foreign.Publish(l.Context(), ports.Record{Topic: l.topics[0], Key: k, Body: []byte("body of " + k)}); err != nil {
			l.Fatalf("key %q: %v", k, err)
		}
	}
	got := map[string]string{}
	for _, m := range s.await(l, len(keys)) {
		got[string(m.Body)] = m.Key
	}
	for _, k := range keys {
		if g, ok := got["body of "+k]; !ok || g != k {
			l.Errorf("key %q arrived as %q (%v)", k, g, ok)
		}
	}
}
