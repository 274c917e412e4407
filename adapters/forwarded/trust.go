// Package forwarded says who a request is from when proxies stand in front: by the
// X-Forwarded-* headers of proxies that the operator trusts, and of nobody else.
//
// It guarantees: a peer that is not trusted changes nothing by any header; of what a
// trusted one hands on, only what trusted proxies wrote is read. It knows the requests of
// net/http; for another server it takes the peer's address and the header's lines.
package forwarded

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Trust is whose forwarded headers are believed. The zero value believes nobody.
type Trust struct{ networks []netip.Prefix }

// words are sets of networks that have a name.
var words = map[string][]netip.Prefix{
	"loopback": prefixes("127.0.0.0/8", "::1/128"),
	"private":  prefixes("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
}

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// Parse reads a list of addresses, networks (10.1.0.0/16) and the words loopback and
// private. Its error has a sentence for every entry that is wrong.
func Parse(entries []string) (Trust, error) {
	var t Trust
	var errs []error
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		networks, err := parse(entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q %w", entry, err))
		}
		t.networks = append(t.networks, networks...)
	}
	return t, errors.Join(errs...)
}

func parse(entry string) ([]netip.Prefix, error) {
	if named, ok := words[strings.ToLower(entry)]; ok {
		return named, nil
	}
	if address, err := netip.ParseAddr(strings.Trim(entry, "[]")); err == nil {
		if address.Zone() != "" {
			return nil, fmt.Errorf("has a zone: leave out %%%s", address.Zone())
		}
		return []netip.Prefix{single(address)}, nil
	}
	p, err := netip.ParsePrefix(entry)
	if err != nil {
		return nil, errors.New("is neither an address (192.0.2.7), nor a network (10.1.0.0/16), nor one of the words loopback, private; names are not looked up")
	}
	switch {
	case p.Bits() == 0:
		return nil, errors.New("is everybody, and then anybody may claim any address: name the proxies")
	case p.Addr().Is4In6():
		return nil, fmt.Errorf("is IPv4 written as IPv6: write it as IPv4, such as %s/24", p.Addr().Unmap())
	case p != p.Masked():
		return nil, fmt.Errorf("is not clear: write %s for the network, or %s for the one address", p.Masked(), p.Addr())
	}
	return []netip.Prefix{p}, nil
}

func single(a netip.Addr) netip.Prefix {
	a = plain(a)
	return netip.PrefixFrom(a, a.BitLen())
}

// plain is an address in the one form in which it is compared.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Believes says whether what the peer with this address forwards is believed.
func (t Trust) Believes(peer netip.Addr) bool {
	peer = plain(peer)
	for _, n := range t.networks {
		if n.Contains(peer) {
			return true
		}
	}
	return false
}
