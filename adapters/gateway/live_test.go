package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// stream is a server of events: it sends each text of say as an event.
func stream(say <-chan string, ended chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		for {
			_ = http.NewResponseController(w).Flush()
			select {
			case s, more := <-say:
				if !more {
					return
				}
				_, _ = fmt.Fprintf(w, "data: %s\n\n", s)
			case <-r.Context().Done():
				return
			}
		}
	})
}

// follow opens a stream through the gateway.
func (w *world) follow(headers ...string) (*http.Response, *bufio.Reader) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.url+"/api/sse/alice", nil)
	if err != nil {
		w.Fatal(err)
	}
	set(r, headers)
	c := client()
	c.Timeout = 0
	got, err := c.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = got.Body.Close() })
	return got, bufio.NewReader(got.Body)
}

func TestEachEventPassesWhenItComesAndUncompressed(t *testing.T) {
	say, ended := make(chan string), make(chan struct{}, 1)
	w := newWorld(t, echo("backend"), stream(say, ended), nil)
	got, lines := w.follow("Accept-Encoding: gzip, br") // the headers come before any event
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Encoding") != "" || got.Header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	for i := range 100 {
		say <- fmt.Sprint(i) // the next one only when this was read
		line, err := lines.ReadString('\n')
		if _, _ = lines.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	if n := w.metric("tasktide_gateway_live_connections", "kind", "sse"); n != 1 {
		t.Errorf("%v open", n)
	}
	close(say) // an end of the service is an end for the client
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	w.eventually("none open", func() bool { return w.metric("tasktide_gateway_live_connections") == 0 })
	if n := w.metric("http_request_duration_seconds"); n != 0 {
		t.Errorf("a stream counts as a slow answer: %v", n)
	}
}

func TestAStreamWhoseClientGoesEndsAtTheService(t *testing.T) {
	ended := make(chan struct{}, 1)
	w := newWorld(t, echo("backend"), stream(make(chan string), ended), nil)
	got, _ := w.follow()
	_ = got.Body.Close()
	<-ended
}

func TestTheTimeForAnswersDoesNotCutOffWhatLasts(t *testing.T) {
	say, ended := make(chan string), make(chan struct{}, 1)
	streams := stream(say, ended)
	w := newWorld(t, echo("backend"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ws" {
			socket(func(c io.ReadWriteCloser) { _, _ = io.Copy(c, c); _ = c.Close() }).ServeHTTP(w, r)
			return
		}
		streams.ServeHTTP(w, r)
	}), nil)
	const short = 100 * time.Millisecond
	server := w.gateway.Server()
	server.WriteTimeout, server.ReadTimeout = short, short
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	w.url = "http://" + l.Addr().String()
	_, lines := w.follow()
	c := w.upgrade("/ws")
	time.Sleep(3 * short) // longer than the server's times
	say <- "late"
	if line, err := lines.ReadString('\n'); err != nil || line != "data: late\n" {
		t.Errorf("%q, %v", line, err)
	}
	_, _ = io.WriteString(c.Conn, "late")
	heard := make([]byte, 4)
	if _, err := io.ReadFull(c, heard); err != nil || string(heard) != "late" {
		t.Errorf("%q, %v", heard, err)
	}
}

func TestAServiceThatDiesInAStreamBreaksItForTheClient(t *testing.T) {
	say, ended := make(chan string), make(chan struct{}, 1)
	w := newWorld(t, echo("backend"), stream(say, ended), nil)
	_, lines := w.follow()
	w.sockets.CloseClientConnections()
	if rest, err := io.ReadAll(lines); err == nil {
		t.Errorf("it ended well, with %q", rest)
	}
}

// socket is a server that switches protocols and hands the connection to serve.
func socket(serve func(io.ReadWriteCloser)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Connection") != "Upgrade" {
			http.Error(w, "no upgrade", http.StatusUpgradeRequired)
			return
		}
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: %s\r\nX-Request-ID: %s\r\n\r\n",
			strings.Split(r.Header.Get("Sec-WebSocket-Protocol"), ",")[0], r.Header.Get("X-Request-ID"))
		_ = rw.Flush()
		serve(struct {
			io.Reader
			io.WriteCloser
		}{rw, c})
	})
}

// upgrade opens a WebSocket through the gateway.
func (w *world) upgrade(path string) raw {
	w.Helper()
	c := w.dial()
	_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Protocol: tasktide.v1, bearer.t\r\nX-Request-ID: mine\r\n\r\n", path)
	got, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		w.Fatal(err)
	}
	if got.StatusCode != http.StatusSwitchingProtocols || got.Header.Get("Upgrade") != "websocket" || got.Header.Get("Sec-WebSocket-Protocol") != "tasktide.v1" || len(got.Header["X-Request-Id"]) != 1 {
		w.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	return c
}

func TestAWebSocketIsPassedBothWays(t *testing.T) {
	w := newWorld(t, echo("backend"), socket(func(c io.ReadWriteCloser) { _, _ = io.Copy(c, c); _ = c.Close() }), nil)
	for _, path := range []string{"/ws/alice", "/ws?user_id=alice"} {
		c := w.upgrade(path)
		for i := range 50 {
			said := strings.Repeat(fmt.Sprint(i%10), 1+i*997)
			go func() { _, _ = io.WriteString(c.Conn, said) }()
			heard := make([]byte, len(said))
			if _, err := io.ReadFull(c, heard); err != nil || string(heard) != said {
				t.Fatalf("%d: %v", i, err)
			}
		}
	}
	if n := w.metric("tasktide_gateway_live_connections", "kind", "websocket"); n != 2 {
		t.Errorf("%v open", n)
	}
}

func TestWhatTheServiceSaysLastArrivesAndThenTheClientIsCutOff(t *testing.T) {
	w := newWorld(t, echo("backend"), socket(func(c io.ReadWriteCloser) { _, _ = io.WriteString(c, "4001 shutting down"); _ = c.Close() }), nil)
	c := w.upgrade("/ws/alice")
	if last, err := io.ReadAll(c); err != nil || string(last) != "4001 shutting down" {
		t.Errorf("%q, %v", last, err)
	}
	_ = c.Close()
	w.eventually("none open", func() bool { return w.metric("tasktide_gateway_live_connections") == 0 })
}

func TestAClientThatStaysWhenItsServiceHasGoneIsCutOff(t *testing.T) {
	w := newWorld(t, echo("backend"), socket(func(c io.ReadWriteCloser) { _ = c.Close() }), nil)
	c := w.upgrade("/ws/alice")
	_, _ = io.ReadAll(c) // and does not close
	w.eventually("none open", func() bool { return w.metric("tasktide_gateway_live_connections") == 0 })
}

func TestAServiceIsToldThatAClientHasGone(t *testing.T) {
	ended := make(chan error, 1)
	w := newWorld(t, echo("backend"), socket(func(c io.ReadWriteCloser) { _, err := io.ReadAll(c); ended <- err; _ = c.Close() }), nil)
	c := w.upgrade("/ws/alice")
	_, _ = io.WriteString(c.Conn, "hello")
	_ = c.Close()
	<-ended
	w.eventually("none open", func() bool { return w.metric("tasktide_gateway_live_connections") == 0 })
}

func TestAnUpgradeThatTheServiceRefusesIsPassedOn(t *testing.T) {
	w := newWorld(t, echo("backend"), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a token is needed", http.StatusUnauthorized)
	}), nil)
	if a := w.ask("GET", "/ws/alice", nil, "Connection: Upgrade", "Upgrade: websocket"); a.status != 401 || a.header.Get("WWW-Authenticate") != "Bearer" || !strings.Contains(a.body, "a token is needed") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	w.sockets.Close()
	w.problem(w.ask("GET", "/ws/alice", nil, "Connection: Upgrade", "Upgrade: websocket"), 502, "websocket-service does not answer")
}

func TestAStopLetsRequestsFinishAndEndsWhatLasts(t *testing.T) {
	arrived, finish := make(chan struct{}), make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	streams, sockets := stream(make(chan string), make(chan struct{}, 10)), socket(func(c io.ReadWriteCloser) { _, _ = io.Copy(c, c); _ = c.Close() })
	w := newWorld(t, slow, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/ws") {
			sockets.ServeHTTP(w, r)
			return
		}
		streams.ServeHTTP(w, r)
	}), nil)
	var last []io.Reader
	for range 10 {
		last = append(last, w.upgrade("/ws/alice"))
		_, lines := w.follow()
		last = append(last, lines)
	}
	answers := make(chan answer)
	go func() {
		a, err := w.try("GET", "/api/slow", nil)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}()
	<-arrived
	var stopping sync.WaitGroup
	stopping.Go(func() { w.gateway.Drain(t.Context(), 300*time.Millisecond) })
	stopping.Go(func() {
		if err := w.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
	for _, r := range last {
		_, _ = io.ReadAll(r) // ends
	}
	close(finish)
	if a := <-answers; a.status != 200 || a.body != "done" {
		t.Errorf("%d %q", a.status, a.body)
	}
	stopping.Wait()
	if n := w.metric("tasktide_gateway_live_connections"); n != 0 {
		t.Errorf("%v open", n)
	}
}

// TestAKeptConnectionIsGivenUpBeforeItIsClosed: a stop says with each answer that its connection ends, closes none that may be asked on, and
// lets a WebSocket begin as ever.
func TestAKeptConnectionIsGivenUpBeforeItIsClosed(t *testing.T) {
	w := newWorld(t, echo("backend"), socket(func(c io.ReadWriteCloser) { _, _ = io.Copy(c, c); _ = c.Close() }), nil)
	kept := []raw{w.dial(), w.dial()}
	ask := func(c raw, path string) *http.Response {
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
		a, err := http.ReadResponse(c.Reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, a.Body)
		return a
	}
	for _, c := range kept {
		if ask(c, "/api/x").Close {
			t.Error("closed while nothing stops")
		}
	}
	left := make(chan struct{})
	go func() { defer close(left); w.gateway.Leave(t.Context()) }()
	w.eventually("leaving", func() bool {
		c := w.dial()
		defer func() { _ = c.Close() }()
		return ask(c, "/health").Close
	})
	w.upgrade("/ws/alice")
	for i, path := range []string{"/api/x", "/"} {
		select {
		case <-left:
			t.Fatal("it left while a connection was kept")
		default:
		}
		if a := ask(kept[i], path); !a.Close || a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
	}
	<-left
}

func TestAStopEndsAtOnceWhatLastsWhenTimeIsOver(t *testing.T) {
	w := newWorld(t, echo("backend"), stream(make(chan string), make(chan struct{}, 2)), nil)
	_, lines := w.follow()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.gateway.Drain(ctx, time.Hour)
	_, _ = io.ReadAll(lines)
	if a, err := w.try("GET", "/api/sse/alice", nil); err == nil && a.body != "" { // what begins after it ends at once
		t.Errorf("%d %q", a.status, a.body)
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}
