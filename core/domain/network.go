package domain

import "net/netip"

// NetworkOf is what one party on the internet has addresses of: in IPv6 a whole /64,
// in IPv4 the one address. What is bounded for each party is counted by it.
func NetworkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // an address that is none gives no network
	return network
}

// SiteOf is a wider network that one party often has to itself: in IPv6 a /48, what an
// end site is given (RFC 6177), in IPv4 a /24, the smallest that is routed alone.
func SiteOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	site, _ := a.Prefix(bits)
	return site
}
