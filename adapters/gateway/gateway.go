package gateway

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tasktide/tasktide/core/domain"
)

// Options is what a Gateway is made of; all but Issuer, Origins and the times are needed.
type Options struct {
	Backend *url.URL // of backend-api
	Live    *url.URL // of websocket-service
	Issuer  *url.URL // of another server that has the accounts; nil: backend-api has them

	Page    http.Handler
	MaxBody int64    // bytes of a request
	Origins []string // whose pages may read what goes wrong here
	// Asked is who asked, by which scheme, for which host: what proxies in front say, if they are trusted, else what the
	// connection says.
	Asked   func(*http.Request) (client netip.Addr, scheme, host string)
	Metrics *prometheus.Registry
	Log     *slog.Logger
	// Trace begins the trace of a request that is passed on, below domain.TraceParentFrom of its context, and says what to
	// call at its end; nil: nobody traces.
	Trace func(ctx context.Context, method, path, scheme string) (of context.Context, ended func(route string, status int, err error))

	AnswerWithin time.Duration // for the beginning of a service's answer; 0: a minute
	BodyWithin   time.Duration // for a request's body; 0: 30 seconds
}

// The kinds of connections that last.
const (
	webSocket   = "websocket"
	eventStream = "sse"
)

// gone is the status, for the metrics alone, of a request whose client did not wait.
const gone = 499

const traceParent = "Traceparent"

// Gateway serves the page and passes on the rest. It is safe for concurrent use.
type Gateway struct {
	o         Options
	services  map[destination]*service
	own       http.Handler
	live      *live
	meter     *meter
	transport *http.Transport
	leaving   atomic.Bool
	open      atomic.Int64 // connections of the Server that are not hijacked
}

// New makes a Gateway. It connects to nobody before it is asked.
func New(o Options) *Gateway {
	g := &Gateway{o: o, live: newLive(), transport: newTransport(cmp.Or(o.AnswerWithin, time.Minute))}
	g.meter = newMeter(o.Metrics, g.live)
	backend := g.newService("backend-api", o.Backend, g.transport)
	g.services = map[destination]*service{toBackend: backend, toIssuer: backend, toLive: g.newService("websocket-service", o.Live, g.transport)}
	if o.Issuer != nil {
		g.services[toIssuer] = g.newService("the server of the accounts", o.Issuer, g.transport)
		g.services[toIssuer].alien = true
	}
	for _, s := range g.services {
		g.meter.show(s.name)
	}
	g.own = g.routesOfItsOwn()
	return g
}

// Server is a server with the limits that a Gateway is made for.
func (g *Gateway) Server() *http.Server {
	return &http.Server{
		Handler: g, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 4 * maxHeaders,
		WriteTimeout: 10 * time.Minute, // a client that takes nothing is gone; an export may take half of it, streams have none
		ErrorLog:     slog.NewLogLogger(g.o.Log.Handler(), slog.LevelDebug),
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				g.open.Add(1)
			case http.StateClosed, http.StateHijacked:
				g.open.Add(-1)
			}
		},
	}
}

// Leave has every answer from now on end its connection, so that clients which keep theirs go elsewhere before the server closes
// them, which could break a request off that is just coming. It returns when there is none left, or when ctx ends.
func (g *Gateway) Leave(ctx context.Context) {
	g.leaving.Store(true)
	for ctx.Err() == nil && g.open.Load() > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Drain ends the connections that last, over a time, each at a moment of its own. It
// returns when there are none, or when ctx ends.
func (g *Gateway) Drain(ctx context.Context, within time.Duration) { g.live.drain(ctx, within) }

// Close lets go of the connections to the services.
func (g *Gateway) Close() { g.transport.CloseIdleConnections() }

// ServeHTTP answers, or passes on.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	named(w, r)
	if g.leaving.Load() && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}
	to := destinationOf(r.URL.Path)
	s := g.services[to]
	if s == nil {
		g.here(w, r, to)
		return
	}
	began := time.Now()
	ctx, end := context.WithCancel(r.Context())
	e := &exchange{ResponseWriter: w, service: s, end: end}
	ctx, traced := g.traced(ctx, r, to)
	defer func() { // also of the panic by which ReverseProxy breaks an answer off
		end()
		traced("", int(e.status.Load()), nil)
		if e.live != nil {
			e.live()
			return // how long it lasted is nothing that somebody waited for
		}
		g.meter.observe(s.name, r.Method, int(e.status.Load()), time.Since(began))
	}()
	r = r.WithContext(context.WithValue(ctx, exchangeKey{}, e))
	if status, detail := g.admit(w, r); status != 0 {
		w.Header().Set("Connection", "close") // what is left of the request is not read as another one
		g.refuse(e, r, status, detail)
		if status == http.StatusRequestEntityTooLarge {
			linger(w, r)
		}
		return
	}
	s.proxy.ServeHTTP(e, r)
}

// traced has a request traced and passed on as a part of that trace. A connection that lasts is traced where it ends.
func (g *Gateway) traced(ctx context.Context, r *http.Request, to destination) (context.Context, func(string, int, error)) {
	if g.o.Trace == nil || to == toLive {
		return ctx, func(string, int, error) {}
	}
	_, scheme, _ := g.o.Asked(r)
	ctx, ended := g.o.Trace(domain.WithRequest(ctx, r.Header.Get(requestID), r.Header.Get(traceParent)), r.Method, r.URL.Path, scheme)
	r.Header.Set(traceParent, domain.TraceParentFrom(ctx))
	return ctx, ended
}

// here answers what is the gateway's own.
func (g *Gateway) here(w http.ResponseWriter, r *http.Request, to destination) {
	began, e, name := time.Now(), &exchange{ResponseWriter: w}, "page"
	if to == toPage {
		g.o.Page.ServeHTTP(e, r)
	} else {
		name = r.URL.Path
		g.own.ServeHTTP(e, r)
	}
	g.meter.observe(name, r.Method, max(int(e.status.Load()), http.StatusOK), time.Since(began))
}

// refuse answers with a problem that pages of allowed origins can read.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	share(w.Header(), r.Header.Get("Origin"), g.o.Origins)
	w.Header().Set(requestID, r.Header.Get(requestID))
	writeProblem(w, r, status, detail)
}

func (g *Gateway) tooLarge() string {
	return fmt.Sprintf("the body is larger than %d bytes", g.o.MaxBody)
}

func (g *Gateway) routesOfItsOwn() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]string{"status": "ok"}) })
	mux.HandleFunc("GET /ready", g.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.o.Metrics, promhttp.HandlerOpts{}))
	return mux
}
