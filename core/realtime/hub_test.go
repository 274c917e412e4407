package realtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

func TestAnEventThatIsNextIsPassedOnWithoutARead(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		s.commit("u")
		a, b, other := join(t, h, "u", Options{}), join(t, h, "u", Options{}), join(t, h, "v", Options{})
		for range 3 {
			news(t, h, s.commit("u"))
		}
		a.want(t, "connected 1", "2", "3", "4")
		b.want(t, "connected 1", "2", "3", "4")
		other.want(t, "connected 0")
		if n := s.reads(); n != 0 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestWhatTheBroadcastRepeatsReordersOrLosesComesOnceAndInOrder(t *testing.T) {
	for name, order := range map[string][]int{
		"repeated":  {0, 0, 1, 1, 2, 0, 2},
		"reordered": {2, 0, 1},
		"backwards": {2, 1, 0},
		"gaps":      {0, 2},
		"only last": {2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(s *streams, h *Hub) {
				c := join(t, h, "u", Options{})
				events := []domain.Event{s.commit("u"), s.commit("u"), s.commit("u")}
				for _, i := range order {
					news(t, h, events[i])
				}
				c.want(t, "connected 0", "1", "2", "3")
			})
		})
	}
}

func TestAVeryLastEventThatNoBroadcastBroughtComesWithinASecondOrTwo(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		synctest.Wait()
		s.commit("u")
		time.Sleep(2 * time.Second)
		c.want(t, "connected 0", "1")
	})
}

func TestOneReadServesAllConnectionsOfAUser(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		var all []*client
		for range 10 {
			all = append(all, join(t, h, "u", Options{}))
		}
		s.commit("u")
		news(t, h, s.commit("u"))
		news(t, h, s.commit("u"))
		for _, c := range all {
			c.want(t, "connected 0", "1", "2", "3")
		}
		if n := s.reads(); n > 2 {
			t.Errorf("%d reads", n)
		}
	})
}

func TestAnEventThatComesWhileAnOldSnapshotIsReadIsNotLost(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		s.set(func(s *streams) { s.slow = 100 * time.Millisecond })
		s.commit("u")
		news(t, h, s.commit("u")) // 2: a read begins, whose snapshot ends at 2
		synctest.Wait()
		news(t, h, s.commit("u"))
		news(t, h, s.commit("u"))
		time.Sleep(500 * time.Millisecond)
		c.want(t, "connected 0", "1", "2", "3", "4")
	})
}

func TestResume(t *testing.T) {
	for name, c := range map[string]struct {
		at   func(head domain.Position) domain.Position
		keep int
		want []string
	}{
		"at the head":         {func(h domain.Position) domain.Position { return h }, 9, []string{"6"}},
		"from behind":         {func(h domain.Position) domain.Position { h.Value = 2; return h }, 9, []string{"3", "4", "5", "6"}},
		"from the beginning":  {func(h domain.Position) domain.Position { h.Value = 0; return h }, 9, []string{"1", "2", "3", "4", "5", "6"}},
		"the last that is":    {func(h domain.Position) domain.Position { h.Value = 3; return h }, 2, []string{"4", "5", "6"}},
		"older than is kept":  {func(h domain.Position) domain.Position { h.Value = 2; return h }, 2, []string{"resync expired", "6"}},
		"nothing is kept":     {func(h domain.Position) domain.Position { h.Value = 4; return h }, 0, []string{"resync expired", "6"}},
		"from the future":     {func(h domain.Position) domain.Position { h.Value = 9; return h }, 9, []string{"resync future", "6"}},
		"of another database": {func(h domain.Position) domain.Position { h.Epoch = uuid.New(); return h }, 9, []string{"resync epoch", "6"}},
		"without an epoch":    {func(domain.Position) domain.Position { return domain.Position{Value: 5} }, 9, []string{"resync epoch", "6"}},
	} {
		for _, atJoin := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, at join %v", name, atJoin), func(t *testing.T) {
				bubble(t, Limits{}, func(s *streams, h *Hub) {
					for range 5 {
						s.commit("u")
					}
					s.trim("u", c.keep)
					at, first := c.at(s.head("u")), "connected 5"
					var cl *client
					if atJoin {
						cl = join(t, h, "u", Options{From: &at})
						if at.Epoch == s.head("u").Epoch {
							first = fmt.Sprint("connected ", at.Value)
						}
					} else {
						cl = join(t, h, "u", Options{})
						synctest.Wait()
						cl.resume(at)
					}
					synctest.Wait()
					news(t, h, s.commit("u"))
					cl.want(t, append([]string{first}, c.want...)...)
				})
			})
		}
	}
}

// A client that joins with a place has that place, or none, until it was told to
// resync: who reads only some of the first messages must not take up the new place.
func TestNoMessageBeforeAResyncMovesTheClientsPlace(t *testing.T) {
	for name, from := range map[string]func(head domain.Position) domain.Position{
		"another database": func(h domain.Position) domain.Position { return domain.Position{Epoch: uuid.New(), Value: h.Value} },
		"unreadable":       func(domain.Position) domain.Position { return domain.Position{} },
		"expired":          func(h domain.Position) domain.Position { h.Value = 1; return h },
		"future":           func(h domain.Position) domain.Position { h.Value = 9; return h },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Limits{}, func(s *streams, h *Hub) {
				for range 5 {
					s.commit("u")
				}
				s.trim("u", 1)
				at := from(s.head("u"))
				c := &client{hub: h, user: "u", stalled: make(chan struct{})}
				conn, err := h.Join(context.Background(), "u", Options{From: &at, Expires: time.Now().Add(time.Hour), Wake: func(*Conn) {}})
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				for _, m := range conn.Next() {
					if c.note(m); c.got[len(c.got)-1][:6] == "resync" {
						if m.Place != s.head("u") {
							t.Errorf("the resync goes on at %v", m.Place)
						}
						return
					}
					if m.Place != at && m.Place != (domain.Position{}) {
						t.Errorf("%s moves the place to %v", c.got, m.Place)
					}
				}
				t.Errorf("no resync: %q", c.got)
			})
		})
	}
}

func TestAListThatIsNewerThanTheNewsIsNoFuture(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		synctest.Wait()
		s.commit("u") // its broadcast is still under way
		c.resume(s.head("u"))
		synctest.Wait()
		news(t, h, s.commit("u"))
		c.want(t, "connected 0", "2")
	})
}

func TestAResumeWhileAnOlderSnapshotIsReadIsJudgedByANewerOne(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		s.set(func(s *streams) { s.slow = 100 * time.Millisecond })
		s.commit("u")
		news(t, h, s.commit("u"))
		synctest.Wait() // a read with a snapshot at 2 is under way
		s.commit("u")
		c.resume(s.head("u"))
		time.Sleep(time.Second)
		news(t, h, s.commit("u"))
		c.want(t, "connected 0", "4")
	})
}

func TestEventsAreHeldBackUntilTheFirstMessageOrForAFewSeconds(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		s.commit("u")
		resumes, pings, silent := join(t, h, "u", Options{Hold: true}), join(t, h, "u", Options{Hold: true}), join(t, h, "u", Options{Hold: true})
		news(t, h, s.commit("u"))
		synctest.Wait()
		resumes.want(t, "connected 1")
		resumes.resume(domain.Position{Epoch: s.head("u").Epoch})
		resumes.want(t, "connected 1", "1", "2")
		pings.conn.Spoke()
		pings.want(t, "connected 1", "2")
		silent.want(t, "connected 1")
		time.Sleep(3500 * time.Millisecond)
		silent.want(t, "connected 1", "2")
	})
}

func TestAReplacedDatabaseMakesEverybodyResync(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		s.commit("u")
		a, b := join(t, h, "u", Options{}), join(t, h, "v", Options{})
		synctest.Wait()
		s.replace()
		s.commit("u")
		s.commit("u")
		time.Sleep(3 * time.Second)
		news(t, h, s.commit("u"))
		a.want(t, "connected 1", "resync epoch", "3")
		b.want(t, "connected 0", "resync epoch")
	})
}

func TestAnErasedUserIsClosedAndMayComeBack(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		s.commit("u")
		c, other := join(t, h, "u", Options{}), join(t, h, "v", Options{})
		s.erase("u")
		time.Sleep(2 * time.Second)
		c.want(t, "connected 1", "4504")
		again := join(t, h, "u", Options{})
		time.Sleep(2 * time.Second)
		news(t, h, s.commit("u"))
		again.want(t, "connected 1", "2")
		other.want(t, "connected 0")
	})
}

func TestAClientThatTakesNothingIsClosedAndCostsNoMoreThanItsQueue(t *testing.T) {
	bubble(t, Limits{Queue: 10_000}, func(s *streams, h *Hub) {
		c, quick := join(t, h, "u", Options{}), join(t, h, "u", Options{})
		synctest.Wait()
		c.stall()
		c.conn.Send(&Message{Kind: Ping}) // its writer is busy with it
		synctest.Wait()
		for range 100 {
			news(t, h, s.commit("u"))
			synctest.Wait()
			if n := queued(c.conn); n > 10_000 {
				t.Fatalf("%d bytes are queued", n)
			}
		}
		c.flow()
		synctest.Wait()
		if got := c.got[len(c.got)-1]; got != "4009" {
			t.Errorf("the last message is %s", got)
		}
		if quick.place().Value != 100 {
			t.Errorf("the other connection is at %d", quick.place().Value)
		}
		at := c.place() // what it got, it got in order; it goes on from there
		back := join(t, h, "u", Options{From: &at})
		synctest.Wait()
		if back.place().Value != 100 || len(back.faults)+len(c.faults) > 0 {
			t.Errorf("it came back to %d, %q %q", back.place().Value, back.faults, c.faults)
		}
	})
}

func TestACatchUpIsGivenOnlyAsItIsTaken(t *testing.T) {
	bubble(t, Limits{Queue: 100_000}, func(s *streams, h *Hub) {
		for range 5000 {
			s.commit("u")
		}
		at := s.head("u")
		at.Value = 0
		c := &client{hub: h, user: "u", stalled: make(chan struct{})}
		conn, err := h.Join(context.Background(), "u", Options{From: &at, Expires: time.Now().Add(time.Hour), Wake: func(conn *Conn) { go c.drain(conn) }})
		if err != nil {
			t.Fatal(err)
		}
		c.conn = conn
		time.Sleep(3 * time.Second)
		if n := queued(conn); n > 60_000 || s.reads() > 10 {
			t.Errorf("%d bytes queued after %d reads", n, s.reads())
		}
		news(t, h, s.commit("u"))
		c.flow()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if c.place().Value != 5001 || len(c.faults) > 0 {
			t.Errorf("at %d: %q", c.place().Value, c.faults)
		}
	})
}

func TestWhileTheDatabaseIsDownConnectionsStayAndNothingIsLost(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		synctest.Wait()
		s.set(func(s *streams) { s.down = true })
		s.commit("u")
		news(t, h, s.commit("u"))
		if _, err := tryJoin(h, "u", Options{}); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("joining: %v", err)
		}
		time.Sleep(10 * time.Second)
		c.want(t, "connected 0")
		s.set(func(s *streams) { s.down = false })
		time.Sleep(4 * time.Second)
		c.want(t, "connected 0", "1", "2")
	})
}

func TestTooManyConnectionsOfOneUserAreRefused(t *testing.T) {
	bubble(t, Limits{PerUser: 2}, func(_ *streams, h *Hub) {
		a := join(t, h, "u", Options{})
		join(t, h, "u", Options{})
		if _, err := tryJoin(h, "u", Options{}); !errors.Is(err, ErrTooMany) {
			t.Errorf("the third: %v", err)
		}
		join(t, h, "v", Options{})
		a.conn.Leave()
		a.conn.Leave() // again is nothing
		join(t, h, "u", Options{})
		if n := h.Stats().Connections; n != 3 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestATokensEndIsAnnouncedAndCloses(t *testing.T) {
	bubble(t, Limits{}, func(_ *streams, h *Hub) {
		now := time.Now()
		ends, renews := join(t, h, "u", Options{Expires: now.Add(5 * time.Minute)}), join(t, h, "u", Options{Expires: now.Add(5 * time.Minute)})
		time.Sleep(4*time.Minute - 2*time.Second)
		ends.want(t, "connected 0")
		time.Sleep(4 * time.Second)
		ends.want(t, "connected 0", "auth_expiring")
		renews.conn.Extend(now.Add(10 * time.Minute))
		time.Sleep(time.Minute)
		ends.want(t, "connected 0", "auth_expiring", "4008")
		time.Sleep(4 * time.Minute)
		renews.want(t, "connected 0", "auth_expiring", "auth_expiring")
		time.Sleep(time.Minute)
		renews.want(t, "connected 0", "auth_expiring", "auth_expiring", "4008")
	})
}

func TestPingsComeAndSilenceCloses(t *testing.T) {
	bubble(t, Limits{}, func(_ *streams, h *Hub) {
		o := Options{Ping: 25 * time.Second, Silence: 75 * time.Second}
		silent, answers := join(t, h, "u", o), join(t, h, "u", o)
		for range 4 {
			time.Sleep(26 * time.Second)
			answers.conn.Heard()
		}
		silent.want(t, "connected 0", "ping", "ping", "4002")
		answers.want(t, "connected 0", "ping", "ping", "ping", "ping")
	})
}

func TestDrainClosesEverybodyOverTimeAndLetsNobodyIn(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		var all []*client
		for i := range 50 {
			all = append(all, join(t, h, fmt.Sprint("u", i), Options{}))
		}
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Drain(context.Background(), 4*time.Second)
		}()
		time.Sleep(2 * time.Second)
		if _, err := tryJoin(h, "u", Options{}); !errors.Is(err, ErrDraining) {
			t.Errorf("joining: %v", err)
		}
		ended := 0
		synctest.Wait()
		for i, c := range all {
			if len(c.got) == 1 {
				news(t, h, s.commit(fmt.Sprint("u", i))) // the broadcast goes on meanwhile
				c.want(t, "connected 0", "1")
			} else {
				ended++
			}
		}
		if ended < 10 || ended > 40 {
			t.Errorf("half way %d of 50 were closed", ended)
		}
		time.Sleep(3 * time.Second)
		for _, c := range all {
			if synctest.Wait(); c.got[len(c.got)-1] != "4001" {
				t.Errorf("ended with %q", c.got)
			}
			c.conn.Leave()
		}
		<-done
	})
}

func TestAConnectionThatLeftGetsNothingAndHoldsNothing(t *testing.T) {
	bubble(t, Limits{}, func(s *streams, h *Hub) {
		c := join(t, h, "u", Options{})
		synctest.Wait()
		c.conn.Leave()
		news(t, h, s.commit("u"))
		c.conn.Send(ponged)
		c.conn.Resume(domain.Position{})
		c.want(t, "connected 0")
		if n := len(h.shardOf("u").feeds); n != 0 {
			t.Errorf("%d feeds are left", n)
		}
	})
}
