package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

func TestEachConnectionGetsTheEventsOfItsUserAndNoOthers(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	a, b, other := w.open("u"), w.open("u"), w.open("v")
	for range 3 {
		w.news(w.stream.commit(t, "u"))
	}
	w.news(w.stream.commit(t, "v"))
	a.want("event 1", "event 2", "event 3")
	b.want("event 1", "event 2", "event 3")
	other.want("event 1")
}

func TestAMessageIsTheEventAsItsSchemaHasIt(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	s := w.open("u")
	e := w.stream.commit(t, "u")
	w.news(e)
	m := s.read()
	if m.Action != "created" || m.Position != 1 || !bytes.Equal(m.Data, e.Data) {
		t.Errorf("%+v", m)
	}
	reminder := e
	reminder.ID, reminder.Type, reminder.Position = uuid.New(), domain.ReminderDueV1, 2
	reminder.Data = json.RawMessage(fmt.Sprintf(`{"task_id":%q,"title":"Buy milk","due_date":null,"notification_id":%q,"late_by":1.5}`, uuid.New(), uuid.New()))
	w.news(reminder)
	if m = s.read(); m.Type != "notification-created" || !bytes.Contains(m.Data, []byte(`"message":"Reminder: Buy milk"`)) || !bytes.Contains(m.Data, []byte(`"late_by":1.5`)) {
		t.Errorf("%+v", m)
	}
}

func TestAClientResumesFromItsListAndMissesNothing(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for range 5 {
		w.stream.commit(t, "u")
	}
	s, _ := w.dial("/ws/u", "Sec-WebSocket-Protocol: tasktide.v1, bearer.user:u")
	connected := s.read()
	w.news(w.stream.commit(t, "u")) // held back: the client has not said where it is
	s.say(fmt.Sprintf(`{"type":"resume","epoch":%q,"position":2}`, connected.Epoch))
	s.want("event 3", "event 4", "event 5", "event 6")
	s.say(fmt.Sprintf(`{"type":"resume","epoch":%q,"position":99}`, connected.Epoch))
	if m := s.read(); m.Type != "resync" || m.Reason != "future" {
		t.Errorf("%+v", m)
	}
	s.say(`{"type":"resume","epoch":"another","position":1}`)
	if m := s.read(); m.Type != "resync" || m.Reason != "epoch" {
		t.Errorf("%+v", m)
	}
	w.news(w.stream.commit(t, "u"))
	s.want("event 7")
}

// TestAClientOfTheReplacedSystemWorksUnchanged knows its cookie, a bare ping, and task_update.
func TestAClientOfTheReplacedSystemWorksUnchanged(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for _, path := range []string{"/ws/u", "/ws?user_id=u"} {
		s, status := w.dial(path, cookie, ownOrigin)
		if s == nil {
			t.Fatal(status)
		}
		s.want("connected")
		s.say("ping")
		s.want("pong")
		e := w.stream.commit(t, "u")
		w.news(e)
		s.want(fmt.Sprint("event ", e.Position))
		s.say(`{"type":"ping"}`)
		s.want("pong")
	}
}

func TestPingsAreAnsweredAndComeFromTheServer(t *testing.T) {
	t.Parallel()
	w := start(t, options{deps: func(d *Deps) { d.Heartbeat = time.Second }})
	s := w.open("u")
	pings, pongs := make(chan string, 9), make(chan string, 9)
	answer := s.PingHandler()
	s.SetPingHandler(func(data string) error { pings <- data; return answer(data) })
	s.SetPongHandler(func(data string) error { pongs <- data; return nil })
	if err := s.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(5*time.Second, func() { w.news(w.stream.commit(t, "u")) }) // it lives on, since it answers
	s.want("event 1")
	if len(pings) < 2 || len(pongs) != 1 || <-pongs != "are you there" {
		t.Errorf("%d pings, %d pongs", len(pings), len(pongs))
	}
}

func TestAClientThatAnswersNoPingIsClosed(t *testing.T) {
	t.Parallel()
	w := start(t, options{deps: func(d *Deps) { d.Heartbeat = time.Second }})
	s := w.open("u")
	s.SetPingHandler(func(string) error { return nil })
	s.want("4002")
}

func TestATokenExpiresUnlessItIsRefreshed(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	open := func() *socket {
		s, _ := w.dial("/ws/u", "Authorization: Bearer user:u for 3s")
		s.want("connected")
		m := s.read()
		if m.Type != "auth_expiring" || m.ExpiresIn < 1 || m.ExpiresIn > 3 {
			t.Errorf("%+v", m)
		}
		return s
	}
	for name, c := range map[string]struct{ token, want string }{
		"not refreshed":          {"", "4008"},
		"by another user's":      {"user:v", "4503"},
		"by a bad one":           {"x", "4501"},
		"the issuer is down":     {"down", "4008"}, // the old one stays in force until then
		"by one that lives long": {"user:u", "event 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open()
			if c.token != "" {
				s.say(fmt.Sprintf(`{"type":"auth","token":%q}`, c.token))
			}
			if c.want == "event 1" {
				time.AfterFunc(5*time.Second, func() { w.news(w.stream.commit(t, "u")) })
			}
			s.want(c.want)
		})
	}
}

func TestWhatAClientMustNotSendClosesItWithAReason(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	bystander := w.open("v")
	masked := func(first, second byte, rest ...byte) []byte {
		return append([]byte{first, second | 0x80, 0, 0, 0, 0}, rest...)
	}
	for name, bytes := range map[string][]byte{
		"no JSON":                     masked(0x81, 1, '{'),
		"an unknown type":             append(masked(0x81, 14), `{"type":"sub"}`...),
		"an empty message":            masked(0x81, 0),
		"a binary message":            append(masked(0x82, 4), "ping"...),
		"text that is not UTF-8":      masked(0x81, 2, 0xc3, 0x28),
		"a frame that is not masked":  append([]byte{0x81, 4}, "ping"...),
		"a reserved bit":              append(masked(0xc1, 4), "ping"...),
		"a reserved opcode":           masked(0x83, 0),
		"a continuation of nothing":   masked(0x80, 0),
		"a message in a message":      append(masked(0x01, 1, 'p'), masked(0x81, 1, 'p')...),
		"a control frame in parts":    masked(0x09, 0),
		"a control frame that is big": append([]byte{0x89, 0x80 | 126, 0, 126, 0, 0, 0, 0}, make([]byte, 126)...),
		"a frame of 2^62 bytes":       {0x81, 0x80 | 127, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a message over the limit":    append([]byte{0x81, 0x80 | 126, 0xff, 0xff, 0, 0, 0, 0}, make([]byte, 65535)...),
		"parts over the limit":        parts(20),
		"a hundred messages at once":  frames(100),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, addr: w.addr}
			c := w.raw(strings.ReplaceAll(name, " ", "-"))
			if _, err := c.Write(bytes); err != nil {
				t.Fatal(err)
			}
			code, reason := closeCode(t, c)
			if code != 4511 || reason == "" {
				t.Errorf("closed with %d %q", code, reason)
			}
		})
	}
	t.Cleanup(func() {
		w.news(w.stream.commit(t, "v"))
		bystander.want("event 1")
	})
}

// parts is one text message in frames of 1 KiB.
func parts(n int) (out []byte) {
	for i := range n {
		first := byte(0)
		if i == 0 {
			first = 1
		}
		out = append(append(out, first, 0x80|126, 4, 0, 0, 0, 0, 0), bytes.Repeat([]byte("x"), 1024)...)
	}
	return append(out, 0x80, 0x80, 0, 0, 0, 0)
}

func frames(n int) []byte {
	return bytes.Repeat(append([]byte{0x81, 0x84, 0, 0, 0, 0}, "ping"...), n)
}

// closeCode reads frames up to the server's close; 0: the socket was closed without.
func closeCode(t *testing.T, c net.Conn) (code int, reason string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(within))
	var got []byte
	for buffer := make([]byte, 4096); ; {
		n, err := c.Read(buffer)
		got = append(got, buffer[:n]...)
		for len(got) >= 2 {
			size, head := int(got[1]), 2
			if size == 126 && len(got) >= 4 {
				size, head = int(got[2])<<8|int(got[3]), 4
			}
			if size == 127 && len(got) >= 10 {
				size, head = int(binary.BigEndian.Uint64(got[2:10])), 10
			}
			if len(got) < head+size {
				break
			}
			if got[0] == 0x88 {
				return int(got[head])<<8 | int(got[head+1]), string(got[head+2 : head+size])
			}
			got = got[head+size:]
		}
		if errors.Is(err, io.EOF) {
			return 0, ""
		}
		if err != nil {
			t.Fatalf("no close frame: %v", err)
		}
	}
}

func TestAMessageInPartsWithAPingBetweenIsOneMessage(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	c := w.raw("u")
	_, _ = c.Write([]byte{0x01, 0x82, 0, 0, 0, 0, 'p', 'i', 0x89, 0x81, 0, 0, 0, 0, '!', 0x80, 0x82, 0, 0, 0, 0, 'n', 'g'})
	_ = c.SetReadDeadline(time.Now().Add(within))
	want := "\x8a\x01!" + "\x81\x0f" + `{"type":"pong"}`
	var got []byte
	for buffer := make([]byte, 4096); !strings.HasSuffix(string(got), want); {
		n, err := c.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		got = append(got, buffer[:n]...)
	}
}

func TestAClientThatClosesIsAnsweredAndTheSocketClosed(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	c := w.raw("u")
	_, _ = c.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8})
	if code, _ := closeCode(t, c); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the socket is open: %d %v", n, err)
	}
	eventually(t, "it left the hub", func() bool { return w.hub.Stats().Connections == 0 })
}

func TestAClientThatVanishesLeaves(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for range 10 {
		c := w.raw("u")
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
	eventually(t, "all left the hub", func() bool { return w.hub.Stats().Connections == 0 })
}

func TestTheTwentyFirstConnectionOfAUserIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	var first *socket
	for range 20 {
		first = w.open("u")
	}
	s, _ := w.dial("/ws/u", bearer)
	s.want("4510")
	if got := w.get("/api/sse/u", bearer).StatusCode; got != 429 {
		t.Errorf("server-sent events: status %d", got)
	}
	w.open("v")
	_ = first.Close()
	eventually(t, "there is room again", func() bool {
		s, _ := w.dial("/ws/u", bearer)
		return s.read().Type == "connected"
	})
}

func TestASlowReaderIsClosedHoldsBackNobodyAndComesBackWithoutALoss(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	slow := w.raw("u")
	quick := w.open("u")
	n := 0
	for ; w.hub.Stats().Closes[realtime.TooSlow] == 0; n++ { // until its socket's buffers and its queue are full
		if n > 1000 {
			t.Fatal("100 MB, and it is still there")
		}
		w.news(w.stream.commitLarge(t, "u"))
		if got := quick.position(); got != int64(n+1) {
			t.Fatalf("event %d came in place of %d", got, n+1)
		}
	}
	if code, _ := closeCode(t, slow); code != 4009 && code != 0 { // 0: on a busy machine it took nothing for so long that it was cut off
		t.Errorf("closed with %d", code)
	}
	back, _ := w.dial("/ws/u", "Sec-WebSocket-Protocol: tasktide.v1, bearer.user:u")
	back.say(fmt.Sprintf(`{"type":"resume","epoch":%q,"position":%d}`, back.read().Epoch, 10))
	for i := 10; i < n; i++ {
		if got := back.position(); got != int64(i+1) {
			t.Fatalf("event %d came in place of %d", got, i+1)
		}
	}
}

// position reads an event, without regard for its schema.
func (s *socket) position() int64 {
	s.t.Helper()
	var m message
	_ = s.SetReadDeadline(time.Now().Add(within))
	if err := s.ReadJSON(&m); err != nil {
		s.t.Fatal(err)
	}
	return m.Position
}

func TestAStopDrainsAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	var all []*socket
	for range 10 {
		all = append(all, w.open("u"))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.hub.Drain(context.Background(), time.Second)
	}()
	for _, s := range all {
		s.want("4001")
		_ = s.Close()
	}
	<-done
	s, _ := w.dial("/ws/u", bearer)
	s.want("4001")
	if got := w.get("/api/sse/u", bearer).StatusCode; got != 503 {
		t.Errorf("server-sent events: status %d", got)
	}
}

type brokenStream struct{ *stream }

func (brokenStream) Heads(context.Context, []string) (map[string]domain.Head, error) {
	return nil, domain.Unavailable("database", errors.New("refused"))
}

func TestWithoutTheDatabaseAClientIsToldToComeBack(t *testing.T) {
	t.Parallel()
	w := start(t, options{deps: func(d *Deps) {
		d.Hub = realtime.NewHub(brokenStream{&stream{Tasks: memory.NewTasks()}}, memory.Clock{}, d.Log, realtime.Limits{})
	}})
	s, _ := w.dial("/ws/u", bearer)
	s.want("4003")
	a := w.get("/api/sse/u", bearer)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("server-sent events: %d %v", a.StatusCode, a.Header)
	}
}

func TestRateRefillsWithTime(t *testing.T) {
	t.Parallel()
	var r rate
	now := time.Now()
	for i := range burst {
		if !r.allow(now) {
			t.Fatalf("message %d was refused", i)
		}
	}
	if r.allow(now) {
		t.Error("one more was allowed")
	}
	if !r.allow(now.Add(time.Second / perSecond)) {
		t.Error("nothing was refilled")
	}
	if r.allow(now.Add(time.Second / perSecond)) {
		t.Error("too much was refilled")
	}
}
