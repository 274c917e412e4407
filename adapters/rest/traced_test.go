package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
)

func TestEachRequestIsTracedWithItsRouteAndStatusAndThePlatformsAreNot(t *testing.T) {
	t.Parallel()
	const client, ours = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
	var ended []string
	inside := ""
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(rest.Around(slog.New(slog.DiscardHandler), nil, 0))
	app.Use(rest.Traced(func(ctx context.Context, method, path, scheme string) (context.Context, func(string, int, error)) {
		if domain.TraceParentFrom(ctx) != client {
			t.Errorf("the request's own trace is %q", domain.TraceParentFrom(ctx))
		}
		return domain.WithRequest(ctx, domain.CorrelationIDFrom(ctx), ours), func(route string, status int, err error) {
			ended = append(ended, fmt.Sprintf("%s %s %s %s %d %v", scheme, method, path, route, status, err != nil))
		}
	}))
	app.Get("/health", func(c *fiber.Ctx) error { return c.SendString("ok") })
	app.Get("/good/:id", func(c *fiber.Ctx) error {
		inside = domain.TraceParentFrom(c.UserContext())
		return c.SendStatus(fiber.StatusCreated)
	})
	app.Get("/away", func(*fiber.Ctx) error { return domain.Unavailable("database", errors.New("no")) })
	app.Get("/panic", func(*fiber.Ctx) error { panic("at the disco") })
	for path, status := range map[string]int{"/health": 200, "/good/7": 201, "/away": 503, "/panic": 500, "/nowhere": 404} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Traceparent", client)
		answer, err := app.Test(r, -1)
		if err != nil || answer.StatusCode != status {
			t.Fatalf("%s: %v, %v", path, answer, err)
		}
		_ = answer.Body.Close()
	}
	slices.Sort(ended)
	want := []string{
		"http GET /away /away 503 true", "http GET /good/7 /good/:id 201 false",
		"http GET /nowhere  404 true", "http GET /panic /panic 500 true",
	}
	if !slices.Equal(ended, want) {
		t.Errorf("ended are\n%q\nwant\n%q", ended, want)
	}
	if inside != ours {
		t.Errorf("events are made below %q", inside)
	}
}
