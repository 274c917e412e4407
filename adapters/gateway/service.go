package gateway

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// service is one that requests are passed to.
type service struct {
	name  string
	at    *url.URL
	proxy *httputil.ReverseProxy
	alien bool // it has a host name of its own, by which it wants to be asked
}

func (g *Gateway) newService(name string, at *url.URL, transport http.RoundTripper) *service {
	s := &service{name: name, at: at}
	s.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) { g.rewrite(s, p) }, Transport: transport, FlushInterval: -1, // at once
		ModifyResponse: g.answered, ErrorHandler: g.failed, ErrorLog: slog.NewLogLogger(g.o.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// rewrite makes the request to the service of the client's. ReverseProxy has removed the
// headers of the connection, and those in which a client could claim to be another.
func (g *Gateway) rewrite(s *service, p *httputil.ProxyRequest) {
	p.SetURL(s.at)
	p.Out.URL.RawQuery = p.In.URL.RawQuery // the service is the one that reads it
	address, scheme, host := g.o.Asked(p.In)
	h := p.Out.Header
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") {
			h.Del(name)
		}
	}
	h.Del("X-Real-Ip")
	h.Del("Expect") // its answer was given: the body is here
	if address.IsValid() {
		h.Set("X-Forwarded-For", address.String())
	}
	h.Set("X-Forwarded-Proto", scheme)
	h.Set("X-Forwarded-Host", host)
	if s.alien {
		p.Out.Host = "" // the one of its address
	} else {
		p.Out.Host = host
	}
	// http.Transport would send a request with one of these a second time when a connection breaks, although it may have
	// been handled. It knows them in this spelling only; to everybody else another is the same.
	for canonical, same := range map[string]string{"Idempotency-Key": "idempotency-key", "X-Idempotency-Key": "x-idempotency-key"} {
		if lines, ok := h[canonical]; ok {
			delete(h, canonical)
			h[same] = lines
		}
	}
}

// answered looks at an answer's headers before they are passed on: is it one that lasts?
func (g *Gateway) answered(answer *http.Response) error {
	e := exchangeOf(answer.Request)
	if answer.Header.Get(requestID) != "" { // the same one, and once
		e.Header().Del(requestID)
	}
	kind := ""
	if answer.StatusCode == http.StatusSwitchingProtocols {
		kind = webSocket
	} else if media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); media == "text/event-stream" {
		kind = eventStream
		_ = http.NewResponseController(e).SetWriteDeadline(time.Time{}) // it has no end
		answer.Header.Set("X-Accel-Buffering", "no")                    // for a proxy in front that gathers
	}
	if kind != "" {
		e.live = g.live.add(e, kind)
	}
	return nil
}

// failed answers for a service that did not.
func (g *Gateway) failed(w http.ResponseWriter, r *http.Request, err error) {
	e := exchangeOf(r)
	if r.Context().Err() != nil { // nobody waits for an answer any more
		e.status.CompareAndSwap(0, gone)
		return
	}
	status, reason, detail := http.StatusBadGateway, unreachable, e.service.name+" does not answer; try again in "+retryAfter+" seconds"
	var slow net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &slow) && slow.Timeout() {
		status, reason, detail = http.StatusGatewayTimeout, timeout, e.service.name+" took too long to answer; try again in "+retryAfter+" seconds"
	}
	g.meter.failure(e.service.name, reason)
	g.o.Log.LogAttrs(r.Context(), slog.LevelWarn, "request not passed on", slog.Int("status", status), slog.String("method", r.Method), slog.String("upstream", e.service.name),
		slog.String("request_id", r.Header.Get(requestID)), slog.Any("error", err))
	g.refuse(w, r, status, detail)
}
