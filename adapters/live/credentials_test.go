package live

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

const (
	cookie       = "Cookie: theme=dark; better-auth.session_token=user:u"
	ownOrigin    = "Origin: https://app.example"
	speaks       = "Sec-WebSocket-Protocol: tasktide.v1"
	bearer       = "Authorization: Bearer user:u"
	foreign      = "Origin: https://evil.example"
	endedSession = "Cookie: better-auth.session_token=ended"
)

func TestWhoMayOpenAWebSocket(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for name, c := range map[string]struct {
		path    string
		headers []string
		status  int
	}{
		"token in Authorization":            {"/ws/u", []string{bearer}, 101},
		"in small letters":                  {"/ws/u", []string{"authorization: bearer user:u"}, 101},
		"token as subprotocol":              {"/ws/u", []string{"Sec-WebSocket-Protocol: tasktide.v1, bearer.user:u"}, 101},
		"in the other order, other offers":  {"/ws/u", []string{"Sec-WebSocket-Protocol: chat,bearer.user:u,tasktide.v1"}, 101},
		"user in the query":                 {"/ws?user_id=u", []string{bearer}, 101},
		"user nowhere":                      {"/ws", []string{bearer}, 101},
		"a promise":                         {"/ws/u", []string{speaks}, 101},
		"cookie from an allowed origin":     {"/ws/u", []string{cookie, ownOrigin}, 101},
		"cookie from the same origin":       {"/ws/u", []string{cookie, "Origin: http://" + w.addr}, 101},
		"cookie of https":                   {"/ws/u", []string{"Cookie: __Secure-better-auth.session_token=user:u", ownOrigin}, 101},
		"a token from any origin":           {"/ws/u", []string{bearer, foreign}, 101},
		"an ended session and a promise":    {"/ws/u", []string{endedSession, ownOrigin, speaks}, 101},
		"nothing":                           {"/ws/u", nil, 401},
		"nothing, user in the query":        {"/ws?user_id=u", nil, 401},
		"a token in the URL":                {"/ws/u?token=user:u", nil, 401},
		"only another protocol":             {"/ws/u", []string{"Sec-WebSocket-Protocol: chat"}, 401},
		"a bad token":                       {"/ws/u", []string{"Authorization: Bearer x"}, 401},
		"a bad token and a promise":         {"/ws/u", []string{"Sec-WebSocket-Protocol: tasktide.v1, bearer.x"}, 401},
		"an empty token":                    {"/ws/u", []string{"Authorization: Bearer "}, 401},
		"another scheme":                    {"/ws/u", []string{"Authorization: Basic user:u"}, 401},
		"token of another user":             {"/ws/v", []string{bearer}, 403},
		"token of another user, by query":   {"/ws?user_id=v", []string{bearer}, 403},
		"path and query differ, path wins":  {"/ws/v?user_id=u", []string{bearer}, 403},
		"cookie of another user":            {"/ws/v", []string{cookie, ownOrigin}, 403},
		"cookie from a foreign page":        {"/ws/u", []string{cookie, foreign}, 403},
		"cookie from an opaque origin":      {"/ws/u", []string{cookie, "Origin: null"}, 403},
		"cookie without an origin":          {"/ws/u", []string{cookie}, 403},
		"an ended session":                  {"/ws/u", []string{endedSession, ownOrigin}, 401},
		"the issuer is down":                {"/ws/u", []string{"Authorization: Bearer down"}, 503},
		"the issuer is down for the cookie": {"/ws/u", []string{"Cookie: better-auth.session_token=unreachable", ownOrigin}, 503},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, addr: w.addr}
			s, status := w.dial(c.path, c.headers...)
			if status != c.status {
				t.Fatalf("status %d, want %d", status, c.status)
			}
			offered := strings.Contains(strings.Join(c.headers, "\n"), "tasktide.v1")
			if s != nil && (s.Subprotocol() == "tasktide.v1") != offered {
				t.Errorf("the protocol chosen is %q", s.Subprotocol())
			}
			promise := offered && !strings.Contains(strings.Join(c.headers, "\n"), "bearer.")
			if s != nil && !promise {
				s.want("connected")
			}
		})
	}
}

func TestWhoBringsNoTokenIsToldWhatThisKindOfClientCanDo(t *testing.T) {
	t.Parallel()
	cookies, none := start(t, options{}), start(t, options{deps: func(d *Deps) { d.Exchange = nil }})
	upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	for name, c := range map[string]struct {
		w          *world
		path       string
		headers    []string
		says, omit []string
	}{
		"a WebSocket":                    {cookies, "/ws/u", upgrade, []string{"bearer.<JWT>", "first message", "cookie"}, []string{"fetch"}},
		"a WebSocket, no cookies here":   {none, "/ws/u", upgrade, []string{"bearer.<JWT>", "first message"}, []string{"fetch", "cookie"}},
		"a stream":                       {cookies, "/api/sse/u", nil, []string{"Authorization: Bearer", "EventSource", "cookie"}, []string{"subprotocol", "first message"}},
		"a stream, no cookies here":      {none, "/api/sse/u", nil, []string{"Authorization: Bearer", "EventSource"}, []string{"subprotocol", "cookie"}},
		"a program with a cookie alone":  {cookies, "/ws/u", append([]string{cookie}, upgrade...), []string{"Origin", "Authorization: Bearer"}, []string{"CORS_ORIGINS"}},
		"a page that is not allowed":     {cookies, "/ws/u", append([]string{cookie, foreign}, upgrade...), []string{"CORS_ORIGINS"}, []string{"program"}},
		"a stream of a page not allowed": {cookies, "/api/sse/u", []string{cookie, foreign}, []string{"CORS_ORIGINS"}, []string{"program"}},
	} {
		body, err := io.ReadAll((&world{t: t, addr: c.w.addr}).get(c.path, c.headers...).Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range c.says {
			if !strings.Contains(string(body), word) {
				t.Errorf("%s: no %q in %q", name, word, body)
			}
		}
		for _, word := range c.omit {
			if strings.Contains(string(body), word) {
				t.Errorf("%s: %q in %q", name, word, body)
			}
		}
	}
}

func TestTheUserInThePathMayHaveAnyLetters(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	s, status := w.dial("/ws/auth0%7Ca%2Fb%20c", "Authorization: Bearer user:auth0|a/b c")
	if s == nil {
		t.Fatal(status)
	}
	s.want("connected")
}

func TestWhatIsNoHandshakeIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	good := []string{bearer, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
	with := func(name, line string) []string {
		var out []string
		for _, h := range good {
			if !strings.HasPrefix(h, name+":") {
				out = append(out, h)
			}
		}
		return append(out, line)
	}
	for name, c := range map[string]struct {
		headers []string
		status  int
	}{
		"a plain request":  {[]string{bearer}, 426},
		"another upgrade":  {with("Upgrade", "Upgrade: h2c"), 426},
		"an old version":   {with("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"), 426},
		"no key":           {with("Sec-WebSocket-Key", "X: y"), 400},
		"a key too short":  {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAA"), 400},
		"a key of letters": {with("Sec-WebSocket-Key", "Sec-WebSocket-Key: !!!!"), 400},
	} {
		if got := w.get("/ws/u", c.headers...).StatusCode; got != c.status {
			t.Errorf("%s: status %d, want %d", name, got, c.status)
		}
	}
}

func TestTheFirstMessageBringsTheTokenThatWasPromised(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for name, c := range map[string]struct {
		path, say, want string
	}{
		"a token":                {"/ws/u", `{"type":"auth","token":"user:u"}`, "connected"},
		"by query":               {"/ws?user_id=u", `{"type":"auth","token":"user:u"}`, "connected"},
		"the address names none": {"/ws", `{"type":"auth","token":"user:u"}`, "connected"},
		"of another user":        {"/ws/u", `{"type":"auth","token":"user:v"}`, "4503"},
		"a bad one":              {"/ws/u", `{"type":"auth","token":"x"}`, "4501"},
		"the issuer is down":     {"/ws/u", `{"type":"auth","token":"down"}`, "4003"},
		"a ping first":           {"/ws/u", `ping`, "4501"},
		"resume first":           {"/ws/u", `{"type":"resume","position":1}`, "4501"},
		"no JSON":                {"/ws/u", `{`, "4501"},
		"too much":               {"/ws/u", strings.Repeat("x", 20_000), "4501"},
		"nothing":                {"/ws/u", "", "4501"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, addr: w.addr}
			s, status := w.dial(c.path, speaks)
			if s == nil {
				t.Fatal(status)
			}
			began := time.Now()
			if c.say != "" {
				s.say(c.say)
			}
			s.want(c.want)
			if took := time.Since(began); c.say == "" && took < authWithin-time.Second {
				t.Errorf("it was given %s", took)
			}
		})
	}
}

func TestOnlySoManyMayWaitForTheirFirstMessage(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	w.server.waiting.all = maxWaiting
	if _, status := w.dial("/ws/u", speaks); status != 503 {
		t.Errorf("status %d", status)
	}
	w.open("u") // who has a token may come in
	if n := w.server.waiting.all; n != maxWaiting {
		t.Errorf("%d are counted as waiting", n)
	}
}

// Addresses are those of a header here: which one is believed is not this package's.
func TestOneNetworkCanNotTakeThePlacesOfAllWhoWait(t *testing.T) {
	t.Parallel()
	w := start(t, options{deps: func(d *Deps) {
		d.ClientAddress = func(c *fiber.Ctx) netip.Addr { return netip.MustParseAddr(c.Get("X-Test-Address")) }
	}})
	var first *socket
	for i := range maxWaitingOne {
		s, status := w.dial("/ws/u", speaks, fmt.Sprintf("X-Test-Address: 2001:db8::%x", i))
		if s == nil {
			t.Fatalf("connection %d: status %d", i, status)
		}
		if first == nil {
			first = s
		}
	}
	const another = "X-Test-Address: 2001:db8::ffff:1"
	if _, status := w.dial("/ws/u", speaks, another); status != 429 {
		t.Errorf("one more of the network: status %d", status)
	}
	if s, status := w.dial("/ws/u", bearer, another); s == nil {
		t.Errorf("one that brings its token waits for nothing: status %d", status)
	}
	if s, status := w.dial("/ws/u", speaks, "X-Test-Address: 2001:db8:0:1::1"); s == nil {
		t.Errorf("another network: status %d", status)
	}
	first.say(`{"type":"auth","token":"user:u"}`)
	first.want("connected")
	if s, status := w.dial("/ws/u", speaks, another); s == nil {
		t.Errorf("a place is free again: status %d", status)
	}
}

func TestWhoHasGoneWaitsNoLonger(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for range 3 {
		s, _ := w.dial("/ws/u", speaks)
		_ = s.Close()
	}
	eventually(t, "nobody is counted as waiting", w.nobodyWaits)
}

func (w *world) nobodyWaits() bool {
	w.server.waiting.mu.Lock()
	defer w.server.waiting.mu.Unlock()
	return w.server.waiting.all == 0 && len(w.server.waiting.of) == 0
}

func TestWhoSendsBeforeTheAnswerTakesNoPlaceOfThoseWhoWait(t *testing.T) {
	t.Parallel()
	w := start(t, options{})
	for range 20 {
		c, err := net.Dial("tcp", w.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET /ws/u HTTP/1.1\r\nHost: "+w.addr+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: tasktide.v1\r\n\r\n\x81\x84\x00\x00\x00\x00ping")
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.Copy(io.Discard, c) // until the server closes it
		_ = c.Close()
	}
	eventually(t, "nobody is counted as waiting", w.nobodyWaits)
}

// FuzzOffer: the header's parser finds what was put in, and nothing that was not.
func FuzzOffer(f *testing.F) {
	for _, s := range []string{"tasktide.v1, bearer.a.b.c", "bearer.", ",,,", "tasktide.v1;q=1", "bearer.a, bearer.b", ", bearer. a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		o := parseOffer(header)
		if o.speaks && !strings.Contains(header, protocol) || o.token != "" && !strings.Contains(header, bearerPrefix+o.token) ||
			strings.Contains(o.token, ",") {
			t.Fatalf("%q: %+v", header, o)
		}
		if again := parseOffer("chat, tasktide.v1, bearer.x.y," + header); !again.speaks || again.token != "x.y" {
			t.Fatalf("%q: %+v", header, again)
		}
		if token := parseBearer("bEARER " + header); token != strings.TrimSpace(header) {
			t.Fatalf("%q: %q", header, token)
		}
		_ = parseBearer(header)
		_ = (&Server{}).allowed(header, "host", true)
		if b := closeFrame(nil, 4501, header); len(b) > 127 || !utf8.Valid(b[4:]) {
			t.Fatalf("a close frame of %d bytes", len(b))
		}
	})
}
