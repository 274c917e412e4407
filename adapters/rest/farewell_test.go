package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest"
)

// TestAServerThatGoesBreaksNoRequestOff: clients that keep connections, and never send a request twice, change from one server
// to another while they ask as fast as they can.
func TestAServerThatGoesBreaksNoRequestOff(t *testing.T) {
	t.Parallel()
	const keep = 20 * time.Millisecond
	for range 10 {
		old, fresh := goer(t), goer(t)
		var at atomic.Pointer[server]
		at.Store(old)
		ctx, cancel := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		for range 8 {
			transport := &http.Transport{IdleConnTimeout: keep, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, at.Load().address)
				if err != nil { // it was slow, and the old one has gone: nothing was sent
					c, err = (&net.Dialer{}).DialContext(ctx, network, at.Load().address)
				}
				return c, err
			}}
			asking.Go(func() {
				defer transport.CloseIdleConnections()
				if err := askOn(ctx, &http.Client{Transport: transport}); err != nil {
					t.Error(err)
				}
			})
		}
		old.answered(50)
		at.Store(fresh) // new connections come here
		old.farewell.Begin()
		for old.app.Server().GetOpenConnectionsCount() > 0 { // each leaves by itself
			time.Sleep(time.Millisecond)
		}
		if err := old.app.Shutdown(); err != nil {
			t.Error(err)
		}
		fresh.answered(50)
		cancel()
		asking.Wait()
	}
}

func askOn(ctx context.Context, c *http.Client) error {
	for n := 0; ctx.Err() == nil; n++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://server/", strings.NewReader("x"))
		if err != nil {
			return err
		}
		answer, err := c.Do(r)
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return fmt.Errorf("request %d: %w", n, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
	return nil
}

// server counts what it answers.
type server struct {
	app      *fiber.App
	address  string
	farewell rest.Farewell
	each     chan struct{}
}

func goer(t *testing.T) *server {
	t.Helper()
	s := &server{app: fiber.New(rest.Config(slog.New(slog.DiscardHandler))), each: make(chan struct{})}
	s.app.Use(s.farewell.Handle)
	s.app.Put("/", func(c *fiber.Ctx) error {
		select {
		case s.each <- struct{}{}:
		default:
		}
		return c.SendString("done")
	})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.app.Listener(rest.Listener(l)) })
	t.Cleanup(func() { _ = s.app.Shutdown(); serving.Wait() })
	return s
}

// answered waits for so many requests.
func (s *server) answered(n int) {
	for range n {
		<-s.each
	}
}
