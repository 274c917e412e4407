package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// maxHeaders is what the headers of a request that is passed on may have. The services read 16 KiB, in which what
	// is added here needs room.
	maxHeaders   = 15 << 10
	maxRequestID = 128
	lingerWithin = 5 * time.Second
	lingerBytes  = 32 << 20
)

// named gives a request its id: the sender's, if it is printable and short.
func named(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get(requestID)
	if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		id = uuid.NewString()
	}
	r.Header.Set(requestID, id)
	w.Header().Set(requestID, id)
}

// admit reads what of a request has to be known before a service is asked. A status other than 0 refuses it, with the
// reason; so that nothing half sent ever reaches a service, the body is read whole, and can be sent again as long as
// nothing was.
func (g *Gateway) admit(w http.ResponseWriter, r *http.Request) (status int, detail string) {
	// A service would resolve these, and then see another path than was looked at here.
	if path := r.URL.Path + "/"; strings.Contains(path, "/../") || strings.Contains(path, "/./") {
		return http.StatusBadRequest, "the path has . or .. in it; send it without"
	}
	size := len(r.RequestURI) + len(r.Host)
	for name, lines := range r.Header {
		for _, line := range lines {
			size += len(name) + len(line)
		}
	}
	if size > maxHeaders {
		return http.StatusRequestHeaderFieldsTooLarge, "the request's headers are too large"
	}
	if r.ContentLength > g.o.MaxBody {
		_ = http.NewResponseController(w).EnableFullDuplex() // for linger
		return http.StatusRequestEntityTooLarge, g.tooLarge()
	}
	if r.ContentLength == 0 {
		return 0, ""
	}
	return g.readBody(w, r)
}

func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) (status int, detail string) {
	connection := http.NewResponseController(w)
	_ = connection.EnableFullDuplex()                                                      // for linger
	_ = connection.SetReadDeadline(time.Now().Add(cmp.Or(g.o.BodyWithin, 30*time.Second))) // not every connection can; then the header's time holds
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, g.o.MaxBody))
	var large *http.MaxBytesError
	var slow net.Error
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, g.tooLarge()
	case errors.As(err, &slow) && slow.Timeout():
		return http.StatusRequestTimeout, "the body did not come in time"
	case err != nil:
		return http.StatusBadRequest, "the body could not be read"
	}
	_ = connection.SetReadDeadline(time.Time{})
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.ContentLength, r.TransferEncoding = int64(len(body)), nil
	if len(body) == 0 {
		r.Body, r.GetBody = http.NoBody, nil
	}
	return 0, ""
}

// linger reads on for a while what a client sends of a body that was refused. Closed while it sends, it might never read
// why.
func linger(w http.ResponseWriter, r *http.Request) {
	connection := http.NewResponseController(w)
	_ = connection.Flush()
	_ = connection.SetReadDeadline(time.Now().Add(lingerWithin))
	_, _ = io.CopyN(io.Discard, r.Body, lingerBytes)
}
