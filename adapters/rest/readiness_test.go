package rest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
)

// TestOnlyWhatRequestsNeedDecidesAboutTraffic: a broker that goes, a relay that can't work and a group that waits are told, and take no request away.
func TestOnlyWhatRequestsNeedDecidesAboutTraffic(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	fails, worked := map[string]error{}, false
	check := func(name string, need rest.Need) rest.Check {
		return rest.Check{Name: name, Need: need, Run: func(context.Context) error { return fails[name] }}
	}
	w := newWorld(t, func(d *rest.Deps) {
		d.Log = slog.New(slog.NewTextHandler(&log, nil))
		group := check("audit-service", rest.ToStart)
		group.Worked = func() bool { return worked }
		d.Ready = []rest.Check{check("database", rest.ToServe), check("kafka", rest.ToStart), check("relay backend-api", rest.ToStart), group}
	})
	down := domain.Unavailable("kafka", errors.New("dial 10.0.0.5: connection refused"))
	right := fmt.Errorf("remove: %w", domain.Misconfigured("database", "run tasktide roles apply", errors.New("permission denied, inside")))
	for _, step := range []struct {
		name, fails string
		err         error
		status      int
		says        string
	}{
		{"nothing was ever there", "kafka,relay backend-api", down, 503, "kafka is unavailable"},
		{"the relay has never worked", "relay backend-api", right, 503, "relay backend-api: run tasktide roles apply"},
		{"all is there", "", nil, 200, `{"checks":{"audit-service":"ok","database":"ok","kafka":"ok","relay backend-api":"ok"},"status":"ready"}`},
		{"the relay works no more", "relay backend-api", right, 200, `{"checks":{"audit-service":"ok","database":"ok","kafka":"ok","relay backend-api":"degraded: run tasktide roles apply"},"status":"degraded"}`},
		{"the broker is gone", "kafka", down, 200, `{"checks":{"audit-service":"ok","database":"ok","kafka":"degraded","relay backend-api":"ok"},"status":"degraded"}`},
		{"the group's first event can't be done", "audit-service", right, 503, "audit-service: run tasktide roles apply"},
		{"the group's second event can't be done", "audit-service", right, 200, `"audit-service":"degraded: run tasktide roles apply"`},
		{"the disk is full for the relay", "relay backend-api", domain.DiskFull("database", nil), 200, `"relay backend-api":"degraded: the disk is full"`},
		{"the database is gone", "database", domain.Unavailable("database", nil), 503, "database is unavailable"},
	} {
		clear(fails)
		worked = strings.Contains(step.name, "second")
		for name := range strings.SplitSeq(step.fails, ",") {
			fails[name] = step.err
		}
		for range 3 {
			a := w.call("GET", "/ready", "", "Authorization: ")
			if a.status != step.status || !strings.Contains(string(a.body), step.says) || strings.Contains(string(a.body), "10.0.0.5") || strings.Contains(string(a.body), "inside") {
				t.Errorf("%s: %d %s", step.name, a.status, a.body)
			}
		}
	}
	for said, times := range map[string]int{"level=WARN msg=\"degraded": 4, "not degraded any more": 4} { // at each change, not at each question
		if n := strings.Count(log.String(), said); n != times {
			t.Errorf("%q is in the log %d times, want %d:\n%s", said, n, times, log.String())
		}
	}
}

// TestARefusalNamesWhatIsNeededAndAdvisesOnAll: the advice may be about what the needed part is without.
func TestARefusalNamesWhatIsNeededAndAdvisesOnAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(d *rest.Deps) {
		d.Ready = []rest.Check{
			{Name: "relay backend-api", Need: rest.ToStart, Run: func(context.Context) error { return domain.Misconfigured("database", "run tasktide roles apply", nil) }},
			{Name: "startup", Run: func(context.Context) error { return errors.New("starting") }},
		}
	})
	a := w.call("GET", "/ready", "", "Authorization: ")
	a.problem(t, 503)
	if !strings.Contains(string(a.body), "relay backend-api: run tasktide roles apply") {
		t.Errorf("%s", a.body)
	}
}
