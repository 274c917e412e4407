package gateway

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// goodbye is how long a client may take to close a WebSocket whose service has ended it.
	goodbye = 5 * time.Second
	// copyBuffer is for one direction of a WebSocket, whose messages are small.
	copyBuffer = 4 << 10
)

// exchange is a request on its way to a service and the answer to it.
type exchange struct {
	http.ResponseWriter
	service *service
	status  atomic.Int32
	end     context.CancelFunc // of the request
	live    func()             // undoes that it counts as live; nil while it does not
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange {
	e, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return e
}

// WriteHeader notes the status. Those below 200 are news of an answer that is to come.
func (e *exchange) WriteHeader(status int) {
	if status >= 200 {
		e.status.CompareAndSwap(0, int32(status))
	}
	e.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (e *exchange) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Hijack gives the connection for a WebSocket.
func (e *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(e.ResponseWriter).Hijack()
	if err != nil {
		return conn, rw, err
	}
	e.status.Store(http.StatusSwitchingProtocols)
	return client{conn}, rw, nil
}

// client is a hijacked connection that is copied with small buffers, and waits for the end
// of the other side for a bounded time.
type client struct{ net.Conn }

// ReadFrom is io.ReaderFrom, for io.Copy.
func (c client) ReadFrom(r io.Reader) (int64, error) {
	return io.CopyBuffer(onlyWriter{c.Conn}, onlyReader{r}, make([]byte, copyBuffer))
}

// WriteTo is io.WriterTo, for io.Copy.
func (c client) WriteTo(w io.Writer) (int64, error) {
	return io.CopyBuffer(onlyWriter{w}, onlyReader{c.Conn}, make([]byte, copyBuffer))
}

// CloseWrite tells the client that nothing comes any more. What the service has said as its
// last word is read before the connection goes.
func (c client) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return err
		}
	}
	return c.SetReadDeadline(time.Now().Add(goodbye))
}

type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
