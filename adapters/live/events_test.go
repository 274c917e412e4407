package live

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

// source is a reader of server-sent events, strict about their form.
type source struct {
	t     testing.TB
	lines *bufio.Reader
	id    string // the last one, as EventSource keeps it
}

func (w *world) source(user string, headers ...string) *source {
	w.t.Helper()
	a := w.get("/api/sse/"+user, headers...)
	if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/event-stream" || a.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("status %d %v", a.StatusCode, a.Header)
	}
	return &source{t: w.t, lines: bufio.NewReader(a.Body)}
}

// read is the next message; a comment or the stream's end is its Type.
func (s *source) read() (m message) {
	s.t.Helper()
	var data string
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return message{Type: "end"}
		}
		line = strings.TrimSuffix(line, "\n")
		switch name, value, _ := strings.Cut(line, ": "); {
		case line == "" && data != "":
			return parse(s.t, []byte(data))
		case line == "":
		case name == "":
			return message{Type: value}
		case name == "id":
			s.id = value
		case name == "data" && data == "":
			data = value
		default:
			s.t.Fatalf("the line %q", line)
		}
	}
}

func (s *source) want(types ...string) {
	s.t.Helper()
	for _, want := range types {
		m := s.read()
		got := m.Type
		if m.Type == "task_update" {
			got = fmt.Sprint("event ", m.Position)
			if !strings.HasSuffix(s.id, fmt.Sprint(":", m.Position)) {
				s.t.Errorf("event %d has the id %s", m.Position, s.id)
			}
		}
		if got != want {
			s.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestServerSentEventsAreTheSameMessages(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	s, socket := w.source("u", bearer), w.open("u")
	s.want("connected")
	for range 3 {
		w.news(w.stream.commit(t, "u"))
	}
	s.want("event 1", "event 2", "event 3")
	socket.want("event 1", "event 2", "event 3")
}

func TestLastEventIDResumes(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	first := w.source("u", bearer)
	first.want("connected")
	epoch := strings.TrimSuffix(first.id, ":0")
	for range 4 {
		w.stream.commit(t, "u")
	}
	for id, want := range map[string][]string{
		epoch + ":1":            {"connected", "event 2", "event 3", "event 4"},
		epoch + ":0":            {"connected", "event 1", "event 2", "event 3", "event 4"},
		first.id:                {"connected", "event 1", "event 2", "event 3", "event 4"},
		epoch + ":9":            {"connected", "resync"},
		uuid.NewString() + ":2": {"connected", "resync"},
		"nonsense":              {"connected", "resync"},
	} {
		s := w.source("u", bearer, "Last-Event-ID: "+id)
		s.want(want...)
		if s.id != epoch+":4" {
			t.Errorf("after %s the place is %s", id, s.id)
		}
	}
}

// EventSource keeps its last id until it is given another: one that is cut off
// between connected and resync comes back with the place that it had.
func TestAStreamThatBreaksBeforeItsResyncIsToldAgain(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.stream.commit(t, "u")
	for _, old := range []string{uuid.NewString() + ":2", "nonsense"} {
		s := w.source("u", bearer, "Last-Event-ID: "+old)
		s.id = old
		if s.want("connected"); s.id != old {
			t.Errorf("before the resync the id is %s, not %s", s.id, old)
		}
		back := w.source("u", bearer, "Last-Event-ID: "+s.id)
		if back.want("connected", "resync"); !strings.HasSuffix(back.id, ":1") {
			t.Errorf("the resync goes on at %s", back.id)
		}
	}
}

func TestWhoMayReadServerSentEvents(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"a token":                     {[]string{bearer}, 200},
		"cookie, allowed origin":      {[]string{cookie, ownOrigin}, 200},
		"cookie, the page's own":      {[]string{cookie}, 200}, // a browser names no origin then
		"cookie, foreign origin":      {[]string{cookie, foreign}, 403},
		"an ended session":            {[]string{endedSession}, 401},
		"nothing":                     {nil, 401},
		"a bad token":                 {[]string{"Authorization: Bearer x"}, 401},
		"another user's":              {[]string{"Authorization: Bearer user:v"}, 403},
		"a promise means nothing":     {[]string{speaks}, 401},
		"no token in a subprotocol":   {[]string{"Sec-WebSocket-Protocol: tasktide.v1, bearer.user:u"}, 401},
		"the issuer is down":          {[]string{"Authorization: Bearer down"}, 503},
		"the issuer is down, cookies": {[]string{"Cookie: better-auth.session_token=unreachable"}, 503},
	} {
		if got := w.get("/api/sse/u", c.headers...).StatusCode; got != c.status {
			t.Errorf("%s: status %d, want %d", name, got, c.status)
		}
	}
	if got := w.get("/api/sse/u?token=user:u").StatusCode; got != 401 {
		t.Errorf("a token in the URL: status %d", got)
	}
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	s := w.source("u", "Authorization: Bearer user:u for 3s")
	s.want("connected", "auth_expiring", "closed 4008 the token has expired; fetch a new one and reconnect", "end")
}

func TestAStreamIsKeptAliveByComments(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a comment comes every 15 s")
	}
	w := start(t, options{})
	s := w.source("u", bearer)
	s.want("connected", "keep-alive")
}

func TestAReaderThatGoesAwayLeaves(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.addr+"/api/sse/u", nil)
	r.Header.Set("Authorization", "Bearer user:u")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is in the hub", func() bool { return w.hub.Stats().Connections == 1 })
	cancel()
	_ = a.Body.Close()
	eventually(t, "it left the hub", func() bool { return w.hub.Stats().Connections == 0 })
}

func TestEncodingOfEvents(t *testing.T) {
	t.Parallel()
	at := domain.Position{Epoch: uuid.MustParse("01890a5d-ac96-474b-8cce-b302099a8057"), Value: 7}
	for want, m := range map[string]*realtime.Message{
		"data: {}\n\n": {Body: []byte("{}")},
		"id: 01890a5d-ac96-474b-8cce-b302099a8057:7\ndata: {}\n\n": {Body: []byte("{}"), Place: at},
		": keep-alive\n\n":    {Kind: realtime.Ping},
		": closed 4001 x\n\n": {Kind: realtime.Close, Code: 4001, Reason: "x"},
	} {
		if got := string(appendEvent(nil, m)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
