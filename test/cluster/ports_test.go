package cluster

import (
	"net"
	"testing"
)

func TestAPortIsGivenOnceThoughNobodyListensOnIt(t *testing.T) {
	t.Parallel()
	owners := [3]owner{} // as many processes that run at the same time
	t.Cleanup(func() {
		for i := range owners {
			for _, l := range owners[i].held {
				_ = l.Close()
			}
		}
	})
	seen := map[int]bool{}
	for range 100 { // of 17,000: by chance alone about ten would come again
		for i := range owners {
			ports, err := owners[i].free(2)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ports {
				if seen[p] {
					t.Fatalf("port %d was given twice", p)
				}
				seen[p] = true
			}
		}
	}
}

func TestAPortOnWhichSomebodyListensIsPassedOver(t *testing.T) {
	t.Parallel()
	var o owner
	t.Cleanup(func() {
		for _, l := range o.held {
			_ = l.Close()
		}
	})
	ports, err := o.free(1)
	if err != nil {
		t.Fatal(err)
	}
	o.next = ports[0]
	l, err := net.Listen("tcp", loopback(ports[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if got, err := o.free(1); err != nil || got[0] == ports[0] {
		t.Fatalf("got %v, %v, while somebody listens on %d", got, err, ports[0])
	}
}
