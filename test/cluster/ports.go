package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken from below the range that systems use for outgoing connections: a server that is down for a moment
// must find its port free when it comes back.
const portsFrom, portsTo = 15000, 32000

// given are the ports of this process's servers. One that is down for a moment still owns its port, though nobody
// listens there.
var given struct {
	sync.Mutex
	ports map[int]bool
}

// FreePorts returns n loopback ports on which nobody listens and that this process never got before.
func FreePorts(n int) ([]int, error) {
	given.Lock()
	defer given.Unlock()
	if given.ports == nil {
		given.ports = map[int]bool{}
	}
	var ports []int
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		port := portsFrom + rand.IntN(portsTo-portsFrom)
		if !given.ports[port] && portFree(port) {
			given.ports[port] = true
			ports = append(ports, port)
		}
	}
	return nil, fmt.Errorf("no %d free ports between %d and %d", n, portsFrom, portsTo)
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
