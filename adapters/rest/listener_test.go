package rest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest"
)

// TestConnectionsThatSaidNothingHoldUpNoStop: those that browsers open ahead. What was asked for is answered.
func TestConnectionsThatSaidNothingHoldUpNoStop(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	app := fiber.New(rest.Config(slog.New(slog.NewTextHandler(&log, nil))))
	asked, answer := make(chan struct{}), make(chan struct{})
	app.Get("/", func(c *fiber.Ctx) error {
		close(asked)
		<-answer
		return c.SendString("done")
	})
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, served := rest.Listener(l), make(chan error, 1)
	go func() { served <- app.Listener(listener) }()
	var conns [4]net.Conn // the last one asks, the others are silent
	for i := range conns {
		if conns[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
		_ = conns[i].SetDeadline(time.Now().Add(20 * time.Second))
	}
	if _, err := io.WriteString(conns[3], "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-asked
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second) // ReadTimeout is twice that
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- listener.Shutdown(ctx, app) }()
	for _, c := range conns[:3] {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("a silent connection is not closed: %v", err)
		}
	}
	close(answer)
	r, err := http.ReadResponse(bufio.NewReader(conns[3]), nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r.Body); err != nil || string(b) != "done" {
		t.Errorf("the request that was under way: %q, %v", b, err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if log.Len() > 0 {
		t.Errorf("nobody asked for anything else, and the log has:\n%s", log.String())
	}
}
