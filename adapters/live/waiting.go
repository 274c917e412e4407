package live

import (
	"errors"
	"net/netip"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
)

// How many connections may wait for their first message: nobody has been verified yet.
const (
	maxWaiting    = 1000
	maxWaitingOne = 100 // of one network: the others' places stay free
)

// waiting counts the connections whose first message has not come.
type waiting struct {
	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

// enter takes a place, until leave is called, once.
func (w *waiting) enter(network netip.Prefix) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.of[network] >= maxWaitingOne:
		return nil, fiber.NewError(fiber.StatusTooManyRequests, "too many connections from this address wait for their first message: send it, or bring the token with the request")
	case w.all >= maxWaiting:
		return nil, domain.Unavailable("websocket-service", errors.New("too many connections wait for their first message"))
	}
	w.all++
	w.of[network]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all--
		if w.of[network]--; w.of[network] == 0 {
			delete(w.of, network)
		}
	}, nil
}
