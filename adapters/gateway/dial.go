package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// KeepIdle is how long a connection to a service is kept without a request. A service that goes, and says so with each
// answer, waits longer than that before it closes what is left.
const KeepIdle = 2 * time.Second

const (
	connectWithin = 3 * time.Second        // for one connection
	restartWithin = 3 * time.Second        // for a service that takes none to take one again
	redial        = 25 * time.Millisecond  // the first wait
	redialAtMost  = 200 * time.Millisecond // any later
)

// newTransport keeps connections to services for less time than they do, so that no
// request meets one that is being closed.
func newTransport(answerWithin time.Duration) *http.Transport {
	return &http.Transport{
		DialContext: dial, DisableCompression: true, // what a service sends is passed on as it is
		MaxIdleConns: 512, MaxIdleConnsPerHost: 256, IdleConnTimeout: KeepIdle,
		TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: answerWithin, MaxResponseHeaderBytes: 256 << 10,
	}
}

// impatient is in the context of a request for which a service that takes no connections is
// not waited for.
type impatient struct{}

// dial waits for a service that restarts. Nothing was sent before there is a connection, so
// trying again does nothing twice.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: connectWithin}
	deadline := time.Now().Add(restartWithin)
	for wait := redial; ; wait = min(2*wait, redialAtMost) {
		conn, err := dialer.DialContext(ctx, network, address)
		var slow net.Error
		if err == nil || ctx.Value(impatient{}) != nil || errors.As(err, &slow) && slow.Timeout() || time.Now().Add(wait).After(deadline) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}
