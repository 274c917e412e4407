package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const readyWithin = 2 * time.Second

// ready says whether the services behind can do their work, and which can't. The page is
// served either way.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), impatient{}, true), readyWithin)
	defer cancel()
	services := []*service{g.services[toBackend], g.services[toLive]}
	errs := make([]error, len(services))
	var all sync.WaitGroup
	for i, s := range services {
		all.Go(func() { errs[i] = g.ask(ctx, s) })
	}
	all.Wait()
	checks, missing := map[string]string{}, []string{}
	for i, s := range services {
		checks[s.name] = "ok"
		if errs[i] != nil {
			missing = append(missing, s.name)
			g.o.Log.LogAttrs(ctx, slog.LevelWarn, "not ready", slog.String("upstream", s.name), slog.Any("error", errs[i]))
		}
	}
	if len(missing) > 0 {
		writeProblem(w, r, http.StatusServiceUnavailable, strings.Join(missing, " and ")+" not ready; try again in "+retryAfter+" seconds")
		return
	}
	writeJSON(w, map[string]any{"status": "ready", "checks": checks})
}

func (g *Gateway) ask(ctx context.Context, s *service) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.at.JoinPath("ready").String(), nil)
	if err != nil {
		return err
	}
	answer, err := g.transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, body)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // maps of texts encode; a client that has gone needs no answer
}
