package transport

import (
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Harness is one transport as the suite sees it. Constructors get the subtest's
// t and clean up after themselves with t.Cleanup.
type Harness struct {
	Name string

	// Topics makes n topics that never existed before, each with Partitions partitions.
	Topics func(t *testing.T, n int) []domain.Topic
	// Publisher returns a publisher that is started. It is stopped by t.Cleanup.
	Publisher func(t *testing.T) ports.Publisher
	// Instance prepares one process of a group; nothing runs before Start. Calls
	// with the same Group are processes of the same group. On Dapr: one app and one
	// daprd whose app id is the group.
	Instance func(t *testing.T, s ports.Subscription) Instance
	// Foreign returns a publisher that can put any bytes on a topic, like a program
	// that is not ours; nil: Publisher.
	Foreign func(t *testing.T) ports.Publisher

	Partitions   int           // of each topic; 0: the transport has no partitions
	ByPartition  bool          // one delivery of a partition at a time: a waiting user holds back the others of its partition
	MaxBody      int           // the largest body that Foreign takes, in bytes; 0: 512 KiB
	MaxHandlers  int           // upper bound of handlers that run at once in one instance; 0: not checked
	MaxAttention time.Duration // after how long without a sign of life the group gives a member up; 0: members are never given up

	// Outage stops and starts the broker; nil: those subtests are skipped and say so.
	Outage Outage
	// Freeze makes the broker hang and go on; nil: that subtest is skipped and says so.
	Freeze Outage
	// Patience is how long a delivery may take at worst, a new member's start and a
	// killed one's timeout included; 0: 30 s.
	Patience time.Duration
	// Omit says which subtests this transport can't run and why; they are skipped
	// with that sentence.
	Omit map[string]string
}

// Instance is one process of a group. Start may be called again after Stop.
type Instance interface {
	// Start starts it with h and returns when it is up; its first delivery, or for
	// a broadcast its place in the topics, may come later.
	Start(t testing.TB, h ports.Handler)
	// Stop ends the subscription's ctx and returns when Subscribe has returned. A
	// second Stop does nothing.
	Stop(t testing.TB)
	// Kill ends it as kill -9 does: no farewell, no commit, no drain. It returns
	// when its handlers can have no more effect on the broker.
	Kill(t testing.TB)
}

// Placed is what an Instance has whose broadcast is resumed from a place that the
// broker keeps, which it does from a while after the first delivery on.
type Placed interface {
	// AwaitPlace returns when the broker keeps a place in every partition. A
	// broadcast that an outage hits before that may begin anew at the newest event.
	AwaitPlace(t testing.TB)
}

// Outage breaks the broker of all subtests.
type Outage interface {
	Stop(t testing.TB)  // returns when the broker answers nobody
	Start(t testing.TB) // returns when it serves again, with all it had stored
}

// Run runs the whole suite on one transport.
func Run(t *testing.T, h Harness) {
	t.Helper()
	h = h.withDefaults()
	t.Run("together", func(t *testing.T) {
		for _, c := range cases() {
			t.Run(c.name, func(t *testing.T) {
				h.omit(t, c.name)
				t.Parallel()
				c.run(newLab(t, h, c.topics))
			})
		}
	})
	for _, c := range outages(h) {
		t.Run(c.name, func(t *testing.T) {
			h.omit(t, c.name)
			if c.outage == nil {
				t.Skip("this run's broker can't be stopped so")
			}
			c.run(newLab(t, h, 1), c.outage)
		})
	}
}

func (h Harness) withDefaults() Harness {
	if h.Patience == 0 {
		h.Patience = 30 * time.Second
	}
	if h.MaxBody == 0 {
		h.MaxBody = 512 << 10
	}
	if h.Foreign == nil {
		h.Foreign = h.Publisher
	}
	return h
}

type testCase struct {
	name   string
	topics int
	run    func(*lab)
}

func (h Harness) omit(t *testing.T, name string) {
	t.Helper()
	if why, ok := h.Omit[name]; ok {
		t.Skip(h.Name + ": " + why)
	}
}
