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
