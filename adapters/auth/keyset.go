package auth

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	refetchAfter = time.Minute     // an unknown kid is asked for at most this often
	retryAfter   = 5 * time.Second // after a fetch that failed
	staleAfter   = time.Hour       // then fetched again in the background, to learn of keys that were withdrawn
)

// keySet is an issuer's keys: fetched when first needed, kept while the issuer
// is down, fetched again for an unknown kid and when old. One fetch at a time.
type keySet struct {
	fetch func(context.Context) ([]byte, error)
	now   func() time.Time

	mu      sync.Mutex
	keys    map[string]key
	version uint64        // rises when the keys change
	next    time.Time     // no fetch before
	fetched time.Time     // the last success
	failure error         // of the last fetch; nil when it succeeded
	running chan struct{} // closed when the fetch under way ends; nil: none is
}

func newKeySet(fetch func(context.Context) ([]byte, error), now func() time.Time) *keySet {
	return &keySet{fetch: fetch, now: now}
}

// generation tells apart what was verified with other keys; it also starts the
// fetch of a set that has become old. A nil set has one generation.
func (s *keySet) generation(ctx context.Context) uint64 {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.keys != nil && s.running == nil && now.Sub(s.fetched) > staleAfter && !now.Before(s.next) {
		s.start(ctx)
	}
	return s.version
}

// known looks without asking the issuer, unless nobody ever has: what a kid means
// must not depend on which token came first.
func (s *keySet) known(ctx context.Context, kid string) (key, bool) {
	s.mu.Lock()
	k, ok := s.lookup(kid)
	asked := s.keys != nil || s.failure != nil
	s.mu.Unlock()
	if asked {
		return k, ok
	}
	k, err := s.find(ctx, kid)
	return k, err == nil
}

// lookup finds a key; a token without kid is fine when there is only one key.
func (s *keySet) lookup(kid string) (key, bool) {
	if kid == "" && len(s.keys) == 1 {
		for k := range maps.Values(s.keys) {
			return k, true
		}
	}
	k, ok := s.keys[kid]
	return k, ok
}

// find looks, asks the issuer if that is allowed again, and looks once more.
func (s *keySet) find(ctx context.Context, kid string) (key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.lookup(kid); ok {
		return k, nil
	}
	if s.running == nil && !s.now().Before(s.next) && (kid != "" || s.keys == nil) {
		s.start(ctx)
	}
	if running := s.running; running != nil {
		s.mu.Unlock()
		select {
		case <-running:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	if k, ok := s.lookup(kid); ok {
		return k, nil
	}
	switch {
	case s.failure != nil:
		return key{}, domain.Unavailable("issuer", fmt.Errorf("fetch the issuer's keys: %w", s.failure))
	case ctx.Err() != nil:
		return key{}, domain.Unavailable("issuer", ctx.Err())
	case kid == "":
		return key{}, unauthorized("the token has no key id (kid), and the issuer has several keys")
	}
	return key{}, unauthorized("the token is signed with a key that the issuer does not have; sign in again")
}

// start begins a fetch. It outlives the request that caused it: others wait for
// it too. s.mu is held.
func (s *keySet) start(ctx context.Context) {
	done := make(chan struct{})
	s.running = done
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	go func() {
		defer cancel()
		var keys map[string]key
		document, err := s.fetch(ctx)
		if err == nil {
			keys, err = parseKeys(document)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		now := s.now()
		s.failure, s.next = err, now.Add(retryAfter)
		if err == nil {
			s.next, s.fetched = now.Add(refetchAfter), now
			if !reflect.DeepEqual(s.keys, keys) {
				s.keys = keys
				s.version++
			}
		}
		s.running = nil
		close(done)
	}()
}
