package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/device"
	"github.com/tasktide/tasktide/test/kubelet"
)

// What goes on while everything is replaced.
const (
	rollUsers = 80
	rollEvery = time.Second // between two writes of a user, on average

	// Clients keep an idle connection for less time than frontend waits for them when it stops (docs/deploy.md). Browsers keep them for longer,
	// and send a request again when they meet one that is being closed; this client sends none again without saying so.
	rollIdle = 4 * time.Second

	rollAskers = 12 // who ask again as soon as they are answered, by connections that are never idle for long
	rollPause  = 20 * time.Millisecond
)

// inOrder is one order in which a system's Deployments may be replaced: what people reach last.
//
//nolint:gochecknoglobals // a table
var inOrder = []string{"backend-api", "audit-service", "recurring-service", "notification-service", "websocket-service", "frontend"}

func TestRollingUpdateOnKafka(t *testing.T) { rolls(t, "global.transport=kafka", private) }

func TestRollingUpdateOnDapr(t *testing.T) { rolls(t, "global.transport=dapr", private) }

func TestRollingUpdateOnDaprWithNativeSidecars(t *testing.T) {
	rolls(t, "global.transport=dapr", private, "global.dapr.nativeSidecar=true")
}

// rolls replaces every pod of the chart's Deployments.
func rolls(t *testing.T, sets ...string) {
	s, fleet := newFleet(t, sets...)
	fleet.start(t)
	fleet.underLoad(t, s, func(seen *seen) {
		fleet.phase(t, seen, "nothing", func() { time.Sleep(10 * time.Second) }) // what it is like without
		for _, name := range inOrder {
			fleet.phase(t, seen, name, func() { fleet.roll(t, name) })
		}
		fleet.phase(t, seen, "all at once", func() { fleet.roll(t, inOrder...) }) // as helm upgrade does
	})
}

// underLoad does something to the system while users write and devices look on. Not one request may fail, and nothing may be
// missing afterwards.
func (f *fleet) underLoad(t *testing.T, s *system, do func(*seen)) {
	t.Helper()
	crowd := newCrowd(t, s, "roll-", rollUsers)
	seen := newSeen()
	devices := watchWith(t, crowd, seen.options(s))
	defer devices.stop()
	stop := make(chan struct{})
	var working sync.WaitGroup
	for _, u := range crowd {
		u.keyed, u.noted = true, seen.answer
		u.http.Transport = &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: rollIdle}
		working.Go(func() {
			if err := u.workUntil(t.Context(), stop, rollEvery); err != nil {
				t.Error(err)
			}
		})
	}
	for _, u := range newCrowd(t, s, "ask-", rollAskers) {
		u.noted = seen.asked
		working.Go(func() {
			if err := u.ask(t.Context(), stop); err != nil {
				t.Error(err)
			}
		})
	}
	began := time.Now()
	finish := sync.OnceFunc(func() { close(stop); working.Wait() })
	defer finish()
	do(seen)
	finish()
	worked := time.Since(began)
	quiet(t, s, crowd)
	devices.compare(t, s)
	report(t, s, crowd, nil, fmt.Sprintf("rolling took %.1fs, then %.1fs until quiet", worked.Seconds(), (time.Since(began)-worked).Seconds()))
	devices.stop()
	verify(t, s, crowd)
	f.healthy(t)
	seen.judge(t)
}

// phase does one thing and says what was seen meanwhile.
func (f *fleet) phase(t *testing.T, seen *seen, what string, do func()) {
	t.Helper()
	began := time.Now()
	seen.begin()
	do()
	t.Logf("%-20s %5.1fs: %s", what, time.Since(began).Seconds(), seen)
}

// roll replaces the pods of these Deployments at the same time, and waits for the end of the old ones.
func (f *fleet) roll(t *testing.T, names ...string) {
	t.Helper()
	var all sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		all.Go(func() { errs[i] = f.deployments[name].Roll(t.Context()) })
	}
	all.Wait()
	must(t, errors.Join(errs...))
	for _, name := range names {
		f.ended(t, f.deployments[name])
	}
}

// ended says how pods started and ended. Each must have been ready until its end, and have ended well by itself.
func (f *fleet) ended(t *testing.T, d *kubelet.Deployment) {
	t.Helper()
	var starts, ends []string
	ended, started := d.Ended()
	for _, s := range started {
		starts = append(starts, fmt.Sprintf("%.1fs", s.Seconds()))
	}
	for _, e := range ended {
		text := fmt.Sprintf("application %.1fs", e.App.Seconds())
		if e.Sidecar > 0 {
			text += fmt.Sprintf(" sidecar %.1fs", e.Sidecar.Seconds())
		}
		ends = append(ends, text)
		if e.Err != nil {
			t.Errorf("%s: %v", e.Pod, e.Err)
		}
		if e.Unready > 0 {
			t.Errorf("%s was not ready %d times before its end", e.Pod, e.Unready)
		}
	}
	t.Logf("%-20s ready after %s; ended after %s of %s", d.Manifest.Name, strings.Join(starts, ", "), strings.Join(ends, "; "), d.Manifest.Grace)
}

// healthy says what pods would have been restarted or had no connections for a while, and what they say went wrong.
func (f *fleet) healthy(t *testing.T) {
	t.Helper()
	for name, d := range f.deployments {
		if err := d.Trouble(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, p := range d.Pods() {
			if n := p.Unready(); n > 0 {
				t.Errorf("%s was not ready %d times", p.Name, n)
			}
		}
	}
	for name, s := range f.services {
		led := s.Led()
		t.Logf("%d connections were led to %s", led.All, name)
		if led.Nobody+led.Refused > 0 {
			t.Errorf("%s: %d connections found no pod that was ready, %d a pod that took none", name, led.Nobody, led.Refused)
		}
	}
	for _, path := range f.logs(t) {
		b, err := os.ReadFile(path)
		must(t, err)
		for _, line := range failures(b) {
			t.Errorf("%s says %s", path, line)
		}
	}
}

// ask changes the user's preferences again and again: a request that no proxy and no client may repeat by itself, however cheap.
func (u *user) ask(ctx context.Context, stop <-chan struct{}) error {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return nil
		case <-time.After(time.Duration(u.rand.ExpFloat64() * float64(rollPause))):
		}
		if _, _, err := u.send(ctx, "PUT", "/api/"+u.user+"/preferences", object{"theme": []string{"dark", "light"}[n%2]}, ""); err != nil {
			return err
		}
	}
}

// seen is what the users and their devices saw.
type seen struct {
	mu       sync.Mutex
	all, now tally
}

type tally struct {
	writes  int
	asked   int
	failed  map[string]int // by what came instead of an answer
	slowest time.Duration
	told    spread // from an event's time to a device's being told
	ends    map[string]int
}

func newTally() tally { return tally{failed: map[string]int{}, ends: map[string]int{}} }
func newSeen() *seen  { return &seen{all: newTally(), now: newTally()} }

func (s *seen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = newTally()
}

func (s *seen) both(do func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(&s.all)
	do(&s.now)
}

// answer is told of each write of a task, asked of each other request.
func (s *seen) answer(status int, err error, took time.Duration) {
	s.both(func(t *tally) { t.writes++; t.note(status, err, took) })
}

func (s *seen) asked(status int, err error, took time.Duration) {
	s.both(func(t *tally) { t.asked++; t.note(status, err, took) })
}

// note counts what is no answer to be had. A 412 is the one to a write that a reminder was faster than.
func (t *tally) note(status int, err error, took time.Duration) {
	t.slowest = max(t.slowest, took)
	switch {
	case err != nil:
		t.failed[fmt.Sprintf("no answer: %v", errors.Unwrap(err))]++
	case status/100 != 2 && status != 412:
		t.failed[fmt.Sprint(status)]++
	}
}

// options are those of a device that stays connected as long as it is let.
func (s *seen) options(of *system) func(*user, string) device.Options {
	return func(u *user, kind string) device.Options {
		return device.Options{
			API: of.api, User: u.user, Token: u.token, SSE: kind == "SSE", Live: func() string { return of.live[0] },
			Seen: func(m device.Message, at time.Time) {
				if happened, err := time.Parse(time.RFC3339Nano, m.Timestamp); err == nil {
					s.both(func(t *tally) { t.told = append(t.told, at.Sub(happened)) })
				}
			},
			Closed: func(err error) { s.both(func(t *tally) { t.ends[kind+": "+brief(err)]++ }) },
		}
	}
}

// brief is an error without what is another in each.
func brief(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, "->"); i >= 0 {
		text = "read" + text[strings.Index(text[i:], ": ")+i:]
	}
	if len(text) > 100 {
		text = text[:100]
	}
	return text
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.now.told.String()
	latest := time.Duration(0)
	if n := len(s.now.told); n > 0 {
		latest = s.now.told[n-1] // String has sorted them
	}
	return fmt.Sprintf("%d writes and %d other requests, failed: %v, slowest %s; devices told %s, at most %s; connections that ended: %v",
		s.now.writes, s.now.asked, s.now.failed, s.now.slowest.Round(time.Millisecond), told, latest.Round(time.Millisecond), s.now.ends)
}

// judge says what must not be.
func (s *seen) judge(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.all.told.String() // sorts them
	t.Logf("%d writes of tasks and %d other requests, the slowest %s; devices told %s, at most %s", s.all.writes, s.all.asked, s.all.slowest.Round(time.Millisecond),
		told, s.all.told[len(s.all.told)-1].Round(time.Millisecond))
	for what, n := range s.all.failed {
		t.Errorf("%d of %d requests: %s", n, s.all.writes+s.all.asked, what)
	}
	for what, n := range s.all.ends {
		if strings.Contains(what, "not now") {
			t.Errorf("%d devices that came back: %s", n, what)
		}
	}
}
