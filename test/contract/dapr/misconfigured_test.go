package dapr

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/test/cluster"
)

// TestASidecarThatIsSetUpWronglyIsNotReady: each mistake is found by readiness, with a sentence that says what to do. The
// sidecar itself calls itself healthy in all of them but the first.
func TestASidecarThatIsSetUpWronglyIsNotReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		components func(t *testing.T, folder string)
		options    func(o *cluster.DaprdOptions)
		says       []string
	}{
		"it is not there": {options: nil, says: []string{"no sidecar answers on 127.0.0.1:", "dapr.io/enabled"}},
		"all is well":     {options: func(*cluster.DaprdOptions) {}},
		"a component is missing": {
			components: func(t *testing.T, folder string) { remove(t, filepath.Join(folder, "statestore.yaml")) },
			options:    func(*cluster.DaprdOptions) {}, says: []string{"no component statestore", "apply deploy/dapr (deploy/dapr-roles,"},
		},
		"a component is for others": {
			components: func(t *testing.T, folder string) {
				replace(t, filepath.Join(folder, "cron-binding.yaml"), "- notification-service", "- somebody-else")
			},
			options: func(*cluster.DaprdOptions) {}, says: []string{"no component reminder-check-cron", "scopes"},
		},
		"a component of another version": {
			components: func(t *testing.T, folder string) {
				replace(t, filepath.Join(folder, "statestore.yaml"), "version: v1", "version: v2")
			},
			options: func(*cluster.DaprdOptions) {}, says: []string{"statestore is state.postgresql/v2 and must be state.postgresql/v1", "apply deploy/dapr (deploy/dapr-roles,", "of this version"},
		},
		"another APP_API_TOKEN": {
			options: func(o *cluster.DaprdOptions) { o.AppToken = "not-ours" }, says: []string{"APP_API_TOKEN is another one than ours", "dapr.io/app-token-secret"},
		},
		"another DAPR_API_TOKEN": {
			options: func(o *cluster.DaprdOptions) { o.APIToken = "not-ours" }, says: []string{"refuses our DAPR_API_TOKEN", "dapr.io/api-token-secret"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered, err := shared.render("wrong-"+uuid.NewString()[:8], need(t, shared.postgres).URL("tasktide"))
			if err != nil {
				t.Fatal(err)
			}
			everySecond(t, filepath.Join(rendered.Resources, "cron-binding.yaml"))
			if c.components != nil {
				c.components(t, rendered.Resources)
			}
			free, err := cluster.FreePorts(3)
			if err != nil {
				t.Fatal(err)
			}
			cfg := dapr.DefaultConfig()
			cfg.AppToken, cfg.DaprToken, cfg.HTTPPort, cfg.GRPCPort = appToken, "to-dapr", free[1], free[2]
			sub := dapr.NewSubscriber(cfg, []domain.Topic{domain.TaskCompleted}, nil)
			server := dapr.NewServer(cfg, sub, slog.New(slog.DiscardHandler))
			ticked := make(chan struct{}, 100)
			server.OnTick("reminder-check-cron", func() { ticked <- struct{}{} })
			if c.options != nil {
				app := serve(t, server, free[0])
				t.Cleanup(func() { app.stop(t) })
				o := cluster.DaprdOptions{
					AppID: string(domain.NotificationService), AppPort: free[0], HTTPPort: free[1], GRPCPort: free[2], Dapr: rendered, AppToken: appToken, APIToken: "to-dapr", LogLevel: "warn",
				}
				c.options(&o)
				_ = cluster.StartDaprd(t, o)
			}
			client := dapr.NewClient(cfg)
			t.Cleanup(func() { _ = client.Close() })
			ready := func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				return errors.Join(client.Health(ctx), client.Components(ctx, server), server.Known(ctx))
			}
			for deadline := time.Now().Add(30 * time.Second); !said(ready(), c.says); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("it says %v, want %q", ready(), c.says)
				}
			}
			if c.says == nil { // and it works
				select {
				case <-ticked:
				case <-time.After(30 * time.Second):
					t.Error("no tick came")
				}
				if err := server.Known(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// said looks for the sentences in what readiness shows; none are wanted when all is well.
func said(err error, want []string) bool {
	if len(want) == 0 || err == nil {
		return err == nil && len(want) == 0
	}
	var known *domain.Error
	if !errors.Is(err, domain.ErrUnavailable) || !errors.As(err, &known) {
		return false
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			return false
		}
	}
	return true
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, file, old, text string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(b), old, text, 1)
	if changed == string(b) {
		t.Fatalf("%q is not in\n%s", old, b)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}
