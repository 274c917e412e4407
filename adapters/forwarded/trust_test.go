package forwarded

import (
	"net/netip"
	"strings"
	"testing"
)

func trust(t testing.TB, entries ...string) Trust {
	t.Helper()
	out, err := Parse(entries)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOnlyWhoIsListedIsBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entries, yes, no []string
	}{
		"nobody by default": {nil, nil, []string{"127.0.0.1", "::1", "10.0.0.1"}},
		"empty entries":     {[]string{"", " "}, nil, []string{"127.0.0.1", "0.0.0.0", "::"}},
		"an address":        {[]string{" 192.0.2.7 "}, []string{"192.0.2.7", "::ffff:192.0.2.7"}, []string{"192.0.2.6", "192.0.2.8", "::192.0.2.7"}},
		"IPv4 as IPv6":      {[]string{"::ffff:192.0.2.7"}, []string{"192.0.2.7", "::ffff:192.0.2.7"}, []string{"192.0.2.8"}},
		"IPv6":              {[]string{"2001:db8::1"}, []string{"2001:db8::1", "2001:DB8:0::1"}, []string{"2001:db8::2"}},
		"IPv6 in brackets":  {[]string{"[2001:db8::1]"}, []string{"2001:db8::1"}, []string{"2001:db8::"}},
		"any zone":          {[]string{"fe80::1"}, []string{"fe80::1%eth0", "fe80::1"}, []string{"fe80::2%eth0"}},
		"a network":         {[]string{"10.1.0.0/16"}, []string{"10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3"}, []string{"10.0.255.255", "10.2.0.0", "::a01:203"}},
		"a network of IPv6": {[]string{"2001:db8:1::/48"}, []string{"2001:db8:1:ffff::1"}, []string{"2001:db8:2::1"}},
		"loopback":          {[]string{"loopback"}, []string{"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}, []string{"10.0.0.1", "::2", "128.0.0.1"}},
		"private": {
			[]string{"Private"}, []string{"127.0.0.1", "::1", "10.9.8.7", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1"},
			[]string{"172.15.255.255", "172.32.0.0", "192.169.0.0", "169.254.0.1", "100.64.0.1", "fe80::1", "2001:db8::1", "8.8.8.8"},
		},
		"several": {[]string{"loopback", "192.0.2.7", "10.1.0.0/16"}, []string{"::1", "192.0.2.7", "10.1.1.1"}, []string{"10.2.1.1"}},
	} {
		b := trust(t, c.entries...)
		for _, a := range c.yes {
			if !b.Believes(netip.MustParseAddr(a)) {
				t.Errorf("%s: %s is not believed", name, a)
			}
		}
		for _, a := range c.no {
			if b.Believes(netip.MustParseAddr(a)) {
				t.Errorf("%s: %s is believed", name, a)
			}
		}
		if b.Believes(netip.Addr{}) {
			t.Errorf("%s: a peer without an address is believed", name)
		}
	}
}

func TestAWrongEntryIsASentenceThatSaysWhatToWrite(t *testing.T) {
	t.Parallel()
	for entry, says := range map[string]string{
		"caddy":                "names are not looked up",
		"192.0.2":              "neither an address",
		"192.0.2.256":          "neither an address",
		"10.0.0.0/33":          "neither an address",
		"10.0.0.0/-1":          "neither an address",
		"10.0.0.0-10.0.0.9":    "neither an address",
		"192.0.2.7:443":        "neither an address",
		"*":                    "neither an address",
		"010.0.0.1":            "neither an address",
		"localhost":            "loopback",
		"0.0.0.0/0":            "is everybody",
		"::/0":                 "is everybody",
		"10.1.2.3/16":          "write 10.1.0.0/16 for the network, or 10.1.2.3 for the one address",
		"2001:db8::1/32":       "write 2001:db8::/32",
		"::ffff:10.0.0.0/104":  "write it as IPv4",
		"fe80::1%eth0":         "leave out %eth0",
		"fe80::%eth0/10":       "has a zone",
		"loopback private":     "neither an address",
		"10.0.0.0/8 192.0.2.1": "neither an address",
	} {
		_, err := Parse([]string{"192.0.2.1", entry})
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"`+entry+`"`) {
			t.Errorf("%q: %v, want %q", entry, err, says)
		}
	}
	_, err := Parse([]string{"x", "loopback", "y"})
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two are wrong, it says %v", err)
	}
}
