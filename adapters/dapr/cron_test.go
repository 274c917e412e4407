package dapr

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

func TestOnlyTheSidecarTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, configured, shown, method, path string
		status, ticks                         int
	}{
		{"the sidecar", "secret", "secret", "POST", "/reminder-check-cron", 200, 1},
		{"it asks whether it is wanted", "secret", "secret", "OPTIONS", "/reminder-check-cron", 200, 0},
		{"no token", "secret", "", "POST", "/reminder-check-cron", 401, 0},
		{"another token", "secret", "Secret", "POST", "/reminder-check-cron", 401, 0},
		{"no token, asking", "secret", "", "OPTIONS", "/reminder-check-cron", 401, 0},
		{"none is configured", "", "", "POST", "/reminder-check-cron", 200, 1},
		{"a read", "secret", "secret", "GET", "/reminder-check-cron", 405, 0},
		{"another name", "secret", "secret", "POST", "/reminder-check-cron/x", 404, 0},
	} {
		ticks := 0
		cfg := DefaultConfig()
		cfg.AppToken = c.configured
		app := fiber.New()
		CronRoute(app, cfg, "reminder-check-cron", func() { ticks++ })
		req := httptest.NewRequest(c.method, c.path, strings.NewReader(`{"any":"body"}`))
		req.Header.Set(tokenHeader, c.shown)
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status || ticks != c.ticks {
			t.Errorf("%s: %d after %d ticks, want %d after %d", c.name, res.StatusCode, ticks, c.status, c.ticks)
		}
	}
}
