package dapr

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func TestConstructorsStartNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	c := NewClient(DefaultConfig())
	sub := NewSubscriber(DefaultConfig(), nil, nil)
	_, _, _, _ = NewPublisher(c), NewState(c), NewSecrets(c), NewServer(DefaultConfig(), sub, nil)
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines more", after-before)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestWithoutASidecarEverythingIsUnavailable(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.GRPCPort, cfg.HTTPPort = 1, 1
	c := NewClient(cfg)
	defer func() { _ = c.Close() }()
	check := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := NewState(c).Get(t.Context(), "k")
	check("get", err)
	for _, m := range []ports.WriteMode{ports.Any, ports.IfAbsent, ports.IfMatch} {
		check("put", NewState(c).Put(t.Context(), ports.Item{Key: "k", Value: []byte("1"), Mode: m, ETag: "1"})[0])
	}
	p := NewPublisher(c)
	check("publish", p.Publish(t.Context(), ports.Record{Topic: topic, Key: "u", Body: []byte("x")}))
	check("ping after it", p.Ping(t.Context()))
	check("health", c.Health(t.Context()))
	_, err = NewSecrets(c).Get(t.Context(), "app-secrets")
	check("secret", err)
	_ = c.Close()
	check("after Close", NewState(c).Put(t.Context(), ports.Item{Key: "k"})[0])
}

func TestValidateNamesEveryMistake(t *testing.T) {
	t.Parallel()
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{PubSub: "same", BroadcastPubSub: "same", GRPCPort: 70000}.Validate()
	for _, want := range []string{"host", "state store", "secret store", "DAPR_HTTP_PORT=0", "DAPR_GRPC_PORT=70000", `both are "same"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// An outage of the broker must cost no attempts, and a record that never can be
// published must not look like one for ever.
func TestARefusedPublishIsAnOutageUntilOneSucceedsOrForAMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.GRPCPort = 1
		c := NewClient(cfg)
		p := NewPublisher(c)
		ping := func(when string, want error) {
			t.Helper()
			if err := p.Ping(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s: %v", when, err)
			}
		}
		ping("before the first", nil)
		p.learn(domain.Unavailable(dependency, errEntry))
		ping("after a failure", domain.ErrUnavailable)
		time.Sleep(time.Millisecond)
		p.learn(nil)
		ping("after a success", nil)
		time.Sleep(time.Millisecond)
		p.learn(domain.Unavailable(dependency, errEntry))
		time.Sleep(time.Millisecond)
		p.learn(domain.Permanent(errEntry))
		ping("after an answer of the broker's", nil)
		time.Sleep(time.Millisecond)
		p.learn(domain.Unavailable(dependency, errEntry))
		time.Sleep(refusedFor - time.Millisecond)
		ping("a moment later", domain.ErrUnavailable)
		time.Sleep(time.Millisecond)
		ping("when it is time to try again", nil)
		_ = c.Close()
	})
}

func TestTooLargeIsKnownByItsText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"kafka server: Message was too large, server rejected it to avoid allocation error":                                            true,
		"kafka: invalid configuration (Attempt to produce message larger than configured Producer.MaxMessageBytes: 1000085 > 1000000)": true,
		"grpc: received message larger than max (5 vs. 4)":                                                                             true,
		"kafka: Failed to deliver 3 messages.":                                                                                         false,
		"circuit breaker is open":                                                                                                      false,
	} {
		if got := tooLarge(status.Error(codes.Internal, text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestNULIsReplacedOnlyWhereItIsOne(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":1}`:                    `{"a":1}`,
		`{"b":12345678901234567890}`: `{"b":12345678901234567890}`,
		`{"a":"x\u0000y","b":["\u0000"],"n":12345678901234567890}`: `{"a":"x` + "\uFFFD" + `y","b":["` + "\uFFFD" + `"],"n":12345678901234567890}`,
		`{"\u0000":1}`:    `{"` + "\uFFFD" + `":1}`,
		`"\\u0000"`:       `"\\u0000"`,
		`not json \u0000`: `not json \u0000`,
	} {
		if got := string(withoutNUL([]byte(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
