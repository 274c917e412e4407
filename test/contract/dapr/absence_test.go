package dapr

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// TestAnAppThatIsAwayBesideALivingSidecarMissesNothing: of very many deliveries that daprd can't make, none may count as
// made. Many partitions are refused at the same time, and asked about ten times as often as deployed.
func TestAnAppThatIsAwayBesideALivingSidecarMissesNothing(t *testing.T) {
	t.Parallel()
	const many, users = 48, 96
	absences := []time.Duration{3 * time.Second, 5 * time.Second, 5 * time.Second, 10 * time.Second}
	name := domain.Topic("away-" + uuid.NewString()[:13])
	if err := need(t, shared.kafka).CreateTopics(t.Context(), many, string(name)); err != nil {
		t.Fatal(err)
	}
	rendered, err := shared.render(string(name), need(t, shared.postgres).URL("tasktide"))
	if err != nil {
		t.Fatal(err)
	}
	impatient(t, filepath.Join(rendered.Resources, "pubsub.yaml"))
	p := newProcess(t, ports.Subscription{Group: "g-" + string(name), Topics: []domain.Topic{name}})
	p.options.Dapr, p.options.LogLevel = rendered, "fatal"

	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	sent := make(chan int, 1)
	go func() {
		n, out := 0, direct(t)
		for ctx.Err() == nil {
			for u := range users {
				r := ports.Record{Topic: name, Key: fmt.Sprint("u", u), Body: fmt.Append(nil, n)}
				if err := out.Publish(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
			n++
		}
		sent <- n
	}()

	var s sink
	p.Start(t, s.handle)
	for _, away := range absences {
		had := len(s.all())
		s.until(t, func(got []ports.Message) bool { return len(got) > had+users })
		p.killApp(t)
		time.Sleep(away)
		had = len(s.all())
		p.startApp(t, s.handle)
		back := time.Now()
		s.until(t, func(got []ports.Message) bool { return len(got) > had })
		t.Logf("away for %s, the first delivery %s after the return", away, time.Since(back).Round(time.Millisecond))
	}
	enough()
	n := <-sent
	want := map[string]bool{}
	for u := range users {
		for i := range n {
			want[fmt.Sprintf("u%d %d", u, i)] = true
		}
	}
	last := len(s.all())
	for deadline := time.Now().Add(60 * time.Second); len(firsts(s.all())) < len(want) && time.Now().Before(deadline); time.Sleep(time.Second) {
		if now := len(s.all()); now > last {
			last, deadline = now, time.Now().Add(20*time.Second)
		}
	}
	for _, id := range firsts(s.all()) {
		delete(want, id)
	}
	t.Logf("%d events, %d deliveries", n*users, len(s.all()))
	if len(want) > 0 {
		t.Errorf("%d events of %d were never delivered", len(want), n*users)
	}
}

// impatient makes a component ask again after 10 ms.
func impatient(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), `value: "100ms"`, `value: "10ms"`, 1)
	if text == string(b) {
		t.Fatalf("the wait is not in\n%s", b)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
