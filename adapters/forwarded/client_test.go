package forwarded

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTheClientIsTheFirstFromTheEndThatNoTrustedProxyIs(t *testing.T) {
	t.Parallel()
	const proxy = "10.0.0.1"
	for name, c := range map[string]struct {
		peer  string
		lines []string
		want  string
	}{
		"no header":                              {proxy, nil, proxy},
		"an empty header":                        {proxy, []string{""}, proxy},
		"one address":                            {proxy, []string{"192.0.2.7"}, "192.0.2.7"},
		"what the client claimed stands before":  {proxy, []string{"8.8.8.8, 192.0.2.7"}, "192.0.2.7"},
		"it claimed to be a trusted proxy":       {proxy, []string{"8.8.8.8, 10.0.0.9, 192.0.2.7"}, "192.0.2.7"},
		"an untrusted peer":                      {"192.0.2.66", []string{"8.8.8.8"}, "192.0.2.66"},
		"an untrusted peer names a trusted one":  {"192.0.2.66", []string{"8.8.8.8, 10.0.0.1"}, "192.0.2.66"},
		"an untrusted peer claims loopback":      {"192.0.2.66", []string{"127.0.0.1"}, "192.0.2.66"},
		"two proxies":                            {proxy, []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		"three, and a claim":                     {proxy, []string{"1.1.1.1, 192.0.2.7,10.0.0.3 ,10.0.0.2"}, "192.0.2.7"},
		"one between is not trusted":             {proxy, []string{"192.0.2.7, 172.16.0.1, 10.0.0.2"}, "172.16.0.1"},
		"all are trusted":                        {proxy, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"two headers":                            {proxy, []string{"8.8.8.8", "192.0.2.7"}, "192.0.2.7"},
		"a proxy wrote its own header":           {proxy, []string{"8.8.8.8, 192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
		"an empty header between":                {proxy, []string{"192.0.2.7", "", "10.0.0.2"}, "192.0.2.7"},
		"empty elements":                         {proxy, []string{",192.0.2.7, ,\t,"}, "192.0.2.7"},
		"a port":                                 {proxy, []string{"192.0.2.7:51234"}, "192.0.2.7"},
		"IPv6":                                   {proxy, []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv6 in brackets":                       {proxy, []string{"[2001:db8::7]"}, "2001:db8::7"},
		"IPv6 and a port":                        {proxy, []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		"IPv6 and a zone":                        {proxy, []string{"fe80::7%eth0"}, "fe80::7"},
		"a zone in brackets":                     {proxy, []string{"[fe80::7%eth0]:80"}, "fe80::7"},
		"IPv4 as IPv6":                           {proxy, []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		"a trusted proxy as IPv6":                {proxy, []string{"192.0.2.7, ::ffff:10.0.0.2"}, "192.0.2.7"},
		"the peer as IPv6":                       {"::ffff:10.0.0.1", []string{"192.0.2.7"}, "192.0.2.7"},
		"unknown":                                {proxy, []string{"unknown"}, proxy},
		"unknown behind a proxy":                 {proxy, []string{"8.8.8.8, unknown, 10.0.0.2"}, "10.0.0.2"},
		"garbage that the client sent":           {proxy, []string{"<script>, ;DROP, 192.0.2.7"}, "192.0.2.7"},
		"an obfuscated name (RFC 7239)":          {proxy, []string{"_hidden"}, proxy},
		"a form of another header":               {proxy, []string{"for=192.0.2.7"}, proxy},
		"IPv4 in brackets":                       {proxy, []string{"[192.0.2.7]"}, proxy},
		"half a bracket":                         {proxy, []string{"[2001:db8::7"}, proxy},
		"a port that is none":                    {proxy, []string{"192.0.2.7:http"}, proxy},
		"octal":                                  {proxy, []string{"0300.0.2.7"}, proxy},
		"a number":                               {proxy, []string{"3221225991"}, proxy},
		"a name":                                 {proxy, []string{"client.example.org"}, proxy},
		"a thousand claims":                      {proxy, []string{strings.Repeat("8.8.8.8, ", 1000) + "192.0.2.7"}, "192.0.2.7"},
		"a hundred thousand entries of a proxy":  {proxy, []string{"192.0.2.7" + strings.Repeat(", 10.0.0.2", 100_000)}, "192.0.2.7"},
		"a thousand headers":                     {proxy, append([]string{"192.0.2.7"}, strings.Split(strings.Repeat("10.0.0.2,", 1000), ",")...), "192.0.2.7"},
		"a megabyte without a comma":             {proxy, []string{strings.Repeat("1", 1<<20)}, proxy},
		"a megabyte of commas":                   {proxy, []string{strings.Repeat(",", 1<<20)}, proxy},
		"a peer without an address":              {"", []string{"192.0.2.7"}, ""},
		"an address of documentation, by a zone": {"fe80::1%eth0", []string{"192.0.2.7"}, "fe80::1"},
	} {
		var peer, want netip.Addr
		if c.peer != "" {
			peer = netip.MustParseAddr(c.peer)
		}
		if c.want != "" {
			want = netip.MustParseAddr(c.want)
		}
		if got := trust(t, "10.0.0.0/8").Client(peer, c.lines...); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if got := (Trust{}).Client(peer, c.lines...); got != plain(peer) {
			t.Errorf("%s: with nobody trusted it is %s", name, got)
		}
	}
}

// FuzzClient: what an untrusted client writes before its own address changes nothing,
// and neither does anything from an untrusted peer.
func FuzzClient(f *testing.F) {
	for _, s := range []string{"", "8.8.8.8", "10.0.0.2", "[::1]:80, x", ",,,", "unknown", "::ffff:10.0.0.2", "fe80::1%25eth0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, claim string) {
		some := trust(t, "10.0.0.0/8")
		proxy, client := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.0.2.7")
		for _, lines := range [][]string{{claim + ",192.0.2.7"}, {claim, "192.0.2.7"}, {claim, "192.0.2.7, 10.0.0.2"}} {
			if got := some.Client(proxy, lines...); got != client {
				t.Fatalf("%q: %s", lines, got)
			}
		}
		if got := some.Client(client, claim); got != client {
			t.Fatalf("%q from an untrusted peer: %s", claim, got)
		}
		if got := some.Client(proxy, claim); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q: %s", claim, got)
		}
	})
}
