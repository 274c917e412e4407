package dapr

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// TestASidecarThatNoLongerAsksIsNotReady: daprd asks for subscriptions only when it first sees the app's port. An app that dies
// just then gets nothing when it is back, and readiness says so until the sidecar is started again.
func TestASidecarThatNoLongerAsksIsNotReady(t *testing.T) {
	t.Parallel()
	name := domain.Topic("deaf-" + uuid.NewString()[:13])
	if err := need(t, shared.kafka).CreateTopics(t.Context(), 1, string(name)); err != nil {
		t.Fatal(err)
	}
	p := newProcess(t, ports.Subscription{Group: "g-" + string(name), Topics: []domain.Topic{name}})
	dying, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.appPort)))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan struct{})
	go func() {
		defer close(seen)
		defer func() { _ = dying.Close() }()
		if c, err := dying.Accept(); err == nil {
			_ = c.Close()
		}
	}()
	p.startOnce(t)
	if p.daprd == nil {
		t.FailNow()
	}
	select {
	case <-seen:
	case <-time.After(time.Minute):
		t.Fatal("the sidecar did not look for its app")
	}
	if err := p.daprd.Connected(t.Context()); err != nil { // it is healthy when it has given up asking
		t.Fatal(err)
	}

	var s sink
	p.settle = func() {}
	p.startApp(t, s.handle)
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort = p.daprd.HTTPPort, p.daprd.GRPCPort
	c := dapr.NewClient(cfg)
	defer func() { _ = c.Close() }()
	if err := c.Health(t.Context()); err != nil {
		t.Errorf("the sidecar calls itself ill: %v", err)
	}
	if err := c.Subscribed(t.Context(), p.inbound); !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(err.Error(), string(name)) || !strings.Contains(err.Error(), "restart") {
		t.Errorf("a sidecar that delivers nothing: %v", err)
	}
	if err := p.daprd.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := p.daprd.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if err = c.Subscribed(t.Context(), p.inbound); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := direct(t).Publish(t.Context(), ports.Record{Topic: name, Key: "u", Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	s.until(t, func(got []ports.Message) bool { return len(got) > 0 })
}
