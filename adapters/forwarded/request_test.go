package forwarded

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestARequestOfNetHTTPAsItsClientMadeIt(t *testing.T) {
	t.Parallel()
	own := Asked{netip.MustParseAddr("192.0.2.7"), "http", "own.example"}
	proxied := func(scheme, host string) Asked { return Asked{netip.MustParseAddr("10.0.0.1"), scheme, host} }
	for name, c := range map[string]struct {
		remote  string
		headers []string // name, value
		want    Asked
	}{
		"nothing forwarded":                 {"192.0.2.7:5", nil, own},
		"forged by an untrusted peer":       {"192.0.2.7:5", []string{"X-Forwarded-For", "127.0.0.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"}, own},
		"by a trusted proxy":                {"10.0.0.1:5", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "tasks.example:8443"}, Asked{own.Client, "https", "tasks.example:8443"}},
		"it says nothing":                   {"10.0.0.1:5", nil, proxied("http", "own.example")},
		"in capitals":                       {"10.0.0.1:5", []string{"X-Forwarded-Proto", "HTTPS"}, proxied("https", "own.example")},
		"what the client sent is before it": {"10.0.0.1:5", []string{"X-Forwarded-Proto", "https, http", "X-Forwarded-Host", "evil.example, tasks.example"}, proxied("http", "tasks.example")},
		"in two headers":                    {"10.0.0.1:5", []string{"X-Forwarded-Proto", "http", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "X-Forwarded-Host", "tasks.example"}, proxied("https", "tasks.example")},
		"another scheme":                    {"10.0.0.1:5", []string{"X-Forwarded-Proto", "wss"}, proxied("http", "own.example")},
		"a host with a path":                {"10.0.0.1:5", []string{"X-Forwarded-Host", "tasks.example/x"}, proxied("http", "own.example")},
		"a host with a user":                {"10.0.0.1:5", []string{"X-Forwarded-Host", "u@tasks.example"}, proxied("http", "own.example")},
		"a host with a line break":          {"10.0.0.1:5", []string{"X-Forwarded-Host", "tasks.example\r\nX: y"}, proxied("http", "own.example")},
		"a host that is very long":          {"10.0.0.1:5", []string{"X-Forwarded-Host", strings.Repeat("a", 256)}, proxied("http", "own.example")},
		"an address of IPv6":                {"10.0.0.1:5", []string{"X-Forwarded-Host", "[2001:db8::1]:80"}, proxied("http", "[2001:db8::1]:80")},
		"a peer of IPv6":                    {"[::ffff:10.0.0.1]:5", []string{"X-Forwarded-Proto", "https"}, proxied("https", "own.example")},
		"a peer by a socket file":           {"@", []string{"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https"}, Asked{netip.Addr{}, "http", "own.example"}},
	} {
		r := &http.Request{RemoteAddr: c.remote, Host: "own.example", Header: http.Header{}}
		for i := 0; i < len(c.headers); i += 2 {
			r.Header.Add(c.headers[i], c.headers[i+1])
		}
		if got := trust(t, "10.0.0.0/8").Request(r); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	over := &http.Request{RemoteAddr: "192.0.2.7:5", Host: "own.example", TLS: &tls.ConnectionState{}}
	if got := (Trust{}).Request(over); got.Scheme != "https" {
		t.Errorf("over TLS it is %+v", got)
	}
}
