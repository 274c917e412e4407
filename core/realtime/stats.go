package realtime

import (
	"maps"
	"sync"
	"sync/atomic"
)

type stats struct {
	connections, delivered, reads, resyncs atomic.Int64

	mu     sync.Mutex
	closes map[Code]int64
}

func (s *stats) closed(c Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closes == nil {
		s.closes = map[Code]int64{}
	}
	s.closes[c]++
}

// Stats says what a Hub has and did since it was made.
type Stats struct {
	Connections int64          // now
	Delivered   int64          // events queued for a connection
	Reads       int64          // of the streams, because a broadcast was not enough
	Resyncs     int64          // places that the stream did not have
	Closes      map[Code]int64 // connections that were closed or refused, by reason
}

// Stats reads the counters.
func (h *Hub) Stats() Stats {
	s := &h.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{s.connections.Load(), s.delivered.Load(), s.reads.Load(), s.resyncs.Load(), maps.Clone(s.closes)}
}
