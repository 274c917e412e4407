package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are taken from below the range that systems use for outgoing connections: a server that is down for a moment
// must find its port free when it comes back. For the same reason no other process of ours may get it meanwhile: each
// takes ports from blocks of its own, and holds a block by listening on its first port.
const portsFrom, portsTo, blockSize = 15000, 32000, 100

// owner is who owns blocks: a process. A server of it that is down for a moment still owns its port, though nobody
// listens there.
type owner struct {
	mu        sync.Mutex
	held      []net.Listener // until the process ends, however that comes about
	next, end int
}

// own are the ports of this process's servers.
var own owner

// FreePorts returns n loopback ports on which nobody listens and that neither this process nor another one that runs
// ever got before.
func FreePorts(n int) ([]int, error) { return own.free(n) }

func (o *owner) free(n int) ([]int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ports []int
	for len(ports) < n {
		if o.next == o.end {
			if err := o.take(); err != nil {
				return nil, err
			}
		}
		if portFree(o.next) {
			ports = append(ports, o.next)
		}
		o.next++
	}
	return ports, nil
}

// take makes a block that nobody holds ours. The first is a random one, so that ports of servers that have just ended
// come again late.
func (o *owner) take() error {
	const blocks = (portsTo - portsFrom) / blockSize
	first := rand.IntN(blocks)
	for i := range blocks {
		from := portsFrom + (first+i)%blocks*blockSize
		if l, err := net.Listen("tcp", loopback(from)); err == nil {
			o.held = append(o.held, l)
			o.next, o.end = from+1, from+blockSize
			return nil
		}
	}
	return fmt.Errorf("no %d ports in a row between %d and %d that no other process has", blockSize, portsFrom, portsTo)
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
