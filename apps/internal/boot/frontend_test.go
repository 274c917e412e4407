package boot

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/gateway"
)

func TestTheGatewayNeedsNoSettingAtAll(t *testing.T) {
	environment(t, nil)
	c, err := Load(Frontend, "")
	if err != nil || c.Address() != "127.0.0.1:3000" || c.BackendURL != "http://127.0.0.1:8000" || c.WebsocketURL != "http://127.0.0.1:8001" {
		t.Errorf("%s %s %s, %v", c.Address(), c.BackendURL, c.WebsocketURL, err)
	}
}

func TestTheGatewayTakesTheServicesSettingsAndLeavesThemAlone(t *testing.T) {
	environment(t, map[string]string{
		"TRANSPORT": Dapr, "DATABASE_URL": "postgres://h/d", "KAFKA_BROKERS": "k:9092", "JWT_SECRET": secret, "AUTH": builtin, "SIGN_UP": "open", "APP_API_TOKEN": "t",
		"DAPR_APP_PORT": "3000", "BACKEND_URL": "http://backend-api:8000/",
	})
	if c, err := Load(Frontend, ""); err != nil || c.BackendURL != "http://backend-api:8000" {
		t.Errorf("%q, %v", c.BackendURL, err)
	}
}

func TestAWrongValueOfTheGatewaysIsNamed(t *testing.T) {
	for _, c := range []struct{ name, value, says string }{
		{"BACKEND_URL", "backend-api:8000", `BACKEND_URL="backend-api:8000" is no address such as http://backend-api:8000`},
		{"BACKEND_URL", "http://backend-api:8000/api", "without a path"},
		{"WEBSOCKET_URL", "ws://websocket-service:8001", `WEBSOCKET_URL="ws://websocket-service:8001" is no address such as http://websocket-service:8001`},
		{"BACKEND_URL", "http://127.0.0.1:3000", "the gateway at http://127.0.0.1:3000 would pass requests to itself"},
		{"API_PORT", "0x", "API_PORT"}, {"API_PORT", "70000", "API_PORT=70000"}, {"PUBLIC_URL", "tasks.example", "PUBLIC_URL"}, {"CORS_ORIGINS", "app", "CORS_ORIGINS"},
		{"DRAIN_TIMEOUT", "2h", "DRAIN_TIMEOUT"}, {"LOG_LEVEL", "loud", "LOG_LEVEL"}, {"BETTER_AUTH_URL", "ftp://x", "BETTER_AUTH_URL"}, {"BACKEND_ULR", "x", "did you mean BACKEND_URL?"},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			environment(t, map[string]string{c.name: c.value})
			_, err := Load(Frontend, "")
			says(t, err, c.says)
		})
	}
}

func TestTheAccountsAreWithTheBackendUnlessAnotherServerHasThem(t *testing.T) {
	for _, c := range []struct {
		vars map[string]string
		want string
	}{
		{map[string]string{}, ""},
		{map[string]string{"BETTER_AUTH_URL": "https://auth.example"}, "https://auth.example"},
		{map[string]string{"BETTER_AUTH_URL": "http://backend-api:8000", "BACKEND_URL": "http://backend-api:8000"}, ""},
		{map[string]string{"BETTER_AUTH_URL": "http://backend-api.svc:8000", "BACKEND_URL": "http://backend-api:8000", "AUTH": builtin}, ""},
	} {
		environment(t, c.vars)
		cfg, err := Load(Frontend, "")
		if err != nil {
			t.Fatal(err)
		}
		o, err := cfg.gatewayOptions(http.NotFoundHandler(), slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if o.Issuer != nil {
			got = o.Issuer.String()
		}
		if got != c.want {
			t.Errorf("%v: %q", c.vars, got)
		}
	}
}

func TestTheGatewayBelievesTrustedProxiesAndPassesOnWhomTheyName(t *testing.T) {
	for trusted, want := range map[string]string{"loopback": "203.0.113.7 https tasks.example", "": "127.0.0.1 http gateway.example", "192.0.2.1": "127.0.0.1 http gateway.example"} {
		environment(t, map[string]string{"TRUSTED_PROXIES": trusted})
		cfg, err := Load(Frontend, "")
		if err != nil {
			t.Fatal(err)
		}
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, r.Header.Get("X-Forwarded-For")+" "+r.Header.Get("X-Forwarded-Proto")+" "+r.Host)
		}))
		defer backend.Close()
		cfg.BackendURL = backend.URL
		log := &strings.Builder{}
		o, err := cfg.gatewayOptions(http.NotFoundHandler(), slog.New(slog.NewTextHandler(log, nil)), prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		g := httptest.NewServer(gateway.New(o))
		defer g.Close()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/api/a/tasks", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "gateway.example"
		r.Header.Set("X-Forwarded-For", "10.6.6.6, 203.0.113.7")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-Host", "tasks.example")
		got, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if string(body) != want {
			t.Errorf("trusting %q: %s, want %s", trusted, body, want)
		}
		if warned := strings.Contains(log.String(), "name it in TRUSTED_PROXIES"); warned == (trusted == "loopback") {
			t.Errorf("trusting %q: log %q", trusted, log.String())
		}
	}
	environment(t, map[string]string{"TRUSTED_PROXIES": "caddy"})
	_, err := Load(Frontend, "")
	says(t, err, "TRUSTED_PROXIES")
}
