package dapr

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

const topic = domain.TaskCreated

// rig is a Subscriber on an app, called as the sidecar would.
type rig struct {
	*testing.T
	sub *Subscriber
	app *fiber.App
}

func newRig(t *testing.T, token string) *rig {
	cfg := DefaultConfig()
	cfg.AppToken = token
	r := &rig{T: t, sub: NewSubscriber(cfg, []domain.Topic{topic}, []domain.Topic{domain.TaskUpdates}), app: fiber.New()}
	r.sub.Routes(r.app)
	return r
}

// subscribe runs h until stop, which returns what Subscribe returned.
func (r *rig) subscribe(s ports.Subscription, h ports.Handler) (stop func() error) {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.sub.Subscribe(ctx, s, h) }()
	g := &r.sub.durable
	if s.Mode == ports.Broadcast {
		g = &r.sub.broadcast
	}
	for open := false; !open; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		open = g.run != nil && !g.run.stopped
		g.mu.Unlock()
	}
	return func() error { cancel(); return <-ended }
}

func durable() ports.Subscription {
	return ports.Subscription{Group: "audit-service", Topics: []domain.Topic{topic}, Drain: time.Second}
}

func (r *rig) call(method, path, body string, header ...string) (int, string) {
	r.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.app.Test(req, -1)
	if err != nil {
		r.Error(err)
		return 0, ""
	}
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func wrap(body string) string {
	return `{"data_base64":"` + base64.StdEncoding.EncodeToString([]byte(body)) + `","datacontenttype":"application/octet-stream","topic":"task-created"}`
}

func TestSubscriptionsAreAnsweredFromTheStart(t *testing.T) {
	t.Parallel()
	_, body := newRig(t, "").call("GET", "/dapr/subscribe", "")
	var got []declared
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	raw := map[string]string{"rawPayload": "true"}
	want := []declared{
		{"pubsub", "task-created", "/events/task-created", raw},
		{"pubsub-broadcast", "task-updates", "/broadcast/task-updates", raw},
	}
	if len(got) != 2 || got[0].PubSub != want[0].PubSub || got[0].Route != want[0].Route || got[1].PubSub != want[1].PubSub ||
		got[1].Route != want[1].Route || got[0].Metadata["rawPayload"] != "true" || got[1].Metadata["rawPayload"] != "true" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	none := &rig{T: t, sub: NewSubscriber(DefaultConfig(), nil, nil), app: fiber.New()}
	none.sub.Routes(none.app)
	if _, body := none.call("GET", "/dapr/subscribe", ""); body != "[]" {
		t.Errorf("a service that consumes nothing answers %q", body)
	}
}

func TestNothingBelowTheEventPathsIsEver404(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	for _, path := range []string{"/events/task-created", "/events/unknown", "/events/a/b", "/events/", "/broadcast/x", "/broadcast/task-updates", "/events/task-created/"} {
		for _, method := range []string{"POST", "GET", "PUT"} {
			if code, _ := r.call(method, path, wrap("x")); code != 503 {
				t.Errorf("%s %s without a subscription answers %d, want 503", method, path, code)
			}
		}
	}
}

func TestOnlyTheSidecarsTokenIsLetIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, "secret")
	calls := 0
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer { calls++; return ports.Answer{} })
	defer func() { _ = stop() }()
	for _, token := range []string{"", "Secret", "secret2", "secre"} {
		if code, _ := r.call("POST", "/events/task-created", wrap("x"), "dapr-api-token", token); code != 401 {
			t.Errorf("token %q: %d, want 401", token, code)
		}
		if code, _ := r.call("GET", "/dapr/subscribe", "", "dapr-api-token", token); code != 401 {
			t.Errorf("token %q at /dapr/subscribe: %d, want 401", token, code)
		}
	}
	if code, body := r.call("POST", "/events/task-created", wrap("x"), "Dapr-Api-Token", "secret"); code != 200 || body != `{"status":"SUCCESS"}` || calls != 1 {
		t.Errorf("the right token: %d %s after %d calls", code, body, calls)
	}
}

func TestWhatCanNotBeUnwrappedReachesTheHandlerAsItCame(t *testing.T) {
	t.Parallel()
	event := `{"specversion":"1.0","id":"1","data":{}}`
	for name, c := range map[string]struct{ request, want string }{
		"wrapped":                  {wrap("hello+/<>&\x00\xff"), "hello+/<>&\x00\xff"},
		"keys in another order":    {`{"topic":"t","data_base64":"aGk="}`, "hi"},
		"white space":              {"{ \"data_base64\" : \"aGk=\" }", "hi"},
		"escaped":                  {`{"data_base64":"\u0061Gk="}`, "hi"},
		"empty record":             {`{"data_base64":""}`, ""},
		"tombstone":                {wrap("null"), ""},
		"no wrapper":               {event, event},
		"data_base64 is null":      {`{"data_base64":null}`, `{"data_base64":null}`},
		"data_base64 is a number":  {`{"data_base64":5}`, `{"data_base64":5}`},
		"no base64":                {`{"data_base64":"!!!"}`, `{"data_base64":"!!!"}`},
		"base64 without padding":   {`{"data_base64":"aGk"}`, `{"data_base64":"aGk"}`},
		"cut off":                  {`{"data_base64":"aGk=`, `{"data_base64":"aGk=`},
		"no JSON":                  {"\x00\x01", "\x00\x01"},
		"JSON null":                {"null", "null"},
		"an array":                 {"[1]", "[1]"},
		"an empty request":         {"", ""},
		"a wrapper inside another": {wrap(wrap("x")), wrap("x")},
	} {
		if got := unwrap([]byte(c.request)); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	request := []byte(event)
	got := unwrap(request)
	request[0] = '#'
	if got[0] != '{' {
		t.Error("the result shares memory with the request")
	}
}

func TestAHandlerGetsTopicKeyAndBody(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	var got ports.Message
	stop := r.subscribe(durable(), func(_ context.Context, m ports.Message) ports.Answer { got = m; return ports.Answer{} })
	defer func() { _ = stop() }()
	r.call("POST", "/events/task-created", wrap("body"), "__key", "a+b%2B%C3%BC%0A%00")
	if got.Topic != topic || got.Key != "a b+ü\n\x00" || !bytes.Equal(got.Body, []byte("body")) {
		t.Errorf("got %q", got)
	}
	r.call("POST", "/events/task-created", wrap("body"))
	if got.Key != "" {
		t.Errorf("a record without a key came with %q", got.Key)
	}
	r.call("POST", "/events/task-created", wrap("body"), "__key", "100%")
	if got.Key != "100%" {
		t.Errorf("a key that is not escaped came as %q", got.Key)
	}
}

func TestAgainIsHeldBackAndReleasedByAStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &run{stopping: make(chan struct{})}
		for after, want := range map[time.Duration]time.Duration{-1: 0, 0: 0, 700 * time.Millisecond: 700 * time.Millisecond, time.Hour: maxHold} {
			began := time.Now()
			r.hold(after)
			if got := time.Since(began); got != want {
				t.Errorf("asked for %s, held %s, want %s", after, got, want)
			}
		}
		began := time.Now()
		time.AfterFunc(time.Second, func() { close(r.stopping) })
		r.hold(time.Hour)
		if got := time.Since(began); got != time.Second {
			t.Errorf("a stop after 1s let the answer go after %s", got)
		}
	})
}

func TestABroadcastIsNotRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(ports.Subscription{Group: "pod", Topics: []domain.Topic{domain.TaskUpdates}, Mode: ports.Broadcast},
		func(context.Context, ports.Message) ports.Answer { return ports.Answer{Again: true, After: time.Hour} })
	defer func() { _ = stop() }()
	if code, body := r.call("POST", "/broadcast/task-updates", wrap("x")); code != 200 || body != `{"status":"SUCCESS"}` {
		t.Errorf("got %d %s", code, body)
	}
}

func TestAgainIsAnsweredWithRetry(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	stop := r.subscribe(durable(), func(context.Context, ports.Message) ports.Answer {
		return ports.Answer{Again: true, After: time.Millisecond}
	})
	defer func() { _ = stop() }()
	if code, body := r.call("POST", "/events/task-created", wrap("x")); code != 200 || body != `{"status":"RETRY"}` {
		t.Errorf("got %d %s", code, body)
	}
}

func TestAStopDrainsThenCancelsAndCanBeFollowedByAStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, "")
	for range 2 {
		running, cancelled := make(chan struct{}), make(chan struct{})
		s := durable()
		s.Drain = 50 * time.Millisecond
		stop := r.subscribe(s, func(ctx context.Context, _ ports.Message) ports.Answer {
			close(running)
			<-ctx.Done()
			close(cancelled)
			return ports.Answer{Again: true, After: time.Hour}
		})
		if err := r.sub.Subscribe(t.Context(), s, nil); err == nil {
			t.Error("two subscriptions of one mode at the same time")
		}
		answered := make(chan string, 1)
		go func() { _, body := r.call("POST", "/events/task-created", wrap("x")); answered <- body }()
		<-running
		began := time.Now()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-cancelled:
		default:
			t.Error("Subscribe returned before its handler")
		}
		if d := time.Since(began); d < s.Drain {
			t.Errorf("the handler was cancelled after %s, before the drain was over", d)
		}
		if body := <-answered; body != `{"status":"RETRY"}` {
			t.Errorf("the cancelled handler's answer became %q", body)
		}
		if code, _ := r.call("POST", "/events/task-created", wrap("x")); code != 503 {
			t.Errorf("a stopped subscription answers %d, want 503", code)
		}
	}
}

func TestATopicThatWasNotDeclaredIsAnError(t *testing.T) {
	t.Parallel()
	s := durable()
	s.Topics = []domain.Topic{domain.TaskDeleted}
	if err := newRig(t, "").sub.Subscribe(t.Context(), s, nil); err == nil {
		t.Error("no error")
	}
}
