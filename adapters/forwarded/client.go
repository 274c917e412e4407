package forwarded

import (
	"net/netip"
	"strings"
)

// Client is who asks: the peer, or, where that is a trusted proxy, whom it names in
// X-Forwarded-For. lines are that header's, in the order in which they came.
//
// Each proxy adds at the end whom it heard from, so they are read from the end, and
// proxies that are trusted are passed over. The first that is not is the client;
// what stands before it is its own claim. When all are trusted it is the first of
// them. An entry that is no address ends the search at the proxy that wrote it.
//
// The answer has no zone, and IPv4 is never in the form of IPv6.
func (t Trust) Client(peer netip.Addr, lines ...string) netip.Addr {
	client := plain(peer)
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			if !t.Believes(client) {
				return client
			}
			var entry string
			rest, entry, more = cutLast(rest)
			if entry == "" { // an empty element of a list counts for nothing (RFC 9110, 5.6.1)
				continue
			}
			next, ok := address(entry)
			if !ok {
				return client
			}
			client = next
		}
	}
	return client
}

// cutLast takes the last element off a list.
func cutLast(list string) (before, last string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", strings.TrimSpace(list), false
	}
	return list[:i], strings.TrimSpace(list[i+1:]), true
}

// address reads an address as proxies write it: bare, with a port, in brackets.
func address(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return plain(a), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			a, err := netip.ParseAddr(inner)
			return plain(a), err == nil && a.Is6()
		}
	}
	withPort, err := netip.ParseAddrPort(s)
	return plain(withPort.Addr()), err == nil
}
