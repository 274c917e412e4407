package boot

import (
	"database/sql"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/core/domain"
)

// answers waits for an answer to a GET.
func answers(t *testing.T, url string, want int, says string) {
	t.Helper()
	var status int
	var body []byte
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if status, body = send(t, http.MethodGet, url, ""); status == want && strings.Contains(string(body), says) {
			return
		}
	}
	t.Fatalf("%s: %d %s, want %d and %s", url, status, body, want, says)
}

// TestARelayThatCannotWorkIsToldAndTakesNoRequestAway: the events wait in the outbox, people go on.
func TestARelayThatCannotWorkIsToldAndTakesNoRequestAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tasktide.db")
	url, _ := started(t, map[string]string{"DATABASE_URL": "sqlite:" + file})
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for _, step := range []struct{ statement, status, part, refused string }{
		{"SELECT 1", "ready", "ok", "0"},
		{"ALTER TABLE relay_leases RENAME TO taken_away", "degraded", "degraded", "1"},
		{"ALTER TABLE taken_away RENAME TO relay_leases", "ready", "ok", "0"},
	} {
		if _, err := db.ExecContext(t.Context(), step.statement); err != nil {
			t.Fatal(err)
		}
		answers(t, url+"/ready", http.StatusOK, `"relay backend-api":"`+step.part+`"`)
		answers(t, url+"/ready", http.StatusOK, `"status":"`+step.status+`"`)
		answers(t, url+"/metrics", http.StatusOK, `tasktide_relay_refused{publisher="backend-api"} `+step.refused+"\n")
	}
}

// TestWhoHasNeverWorkedIsNotReady: a rollout must not replace what works with a pod that got another's secret.
func TestWhoHasNeverWorkedIsNotReady(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tasktide.db")
	vars := map[string]string{"DATABASE_URL": "sqlite:" + file}
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	t.Run("migrate", func(t *testing.T) { started(t, vars) })
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE relay_leases RENAME TO taken_away"); err != nil {
		t.Fatal(err)
	}
	url, _ := started(t, vars)
	for range 20 {
		if status, body := send(t, http.MethodGet, url+"/ready", ""); status != http.StatusServiceUnavailable || !strings.Contains(string(body), "relay backend-api") {
			t.Fatalf("%d %s", status, body)
		}
	}
	if _, err := db.ExecContext(t.Context(), "ALTER TABLE taken_away RENAME TO relay_leases"); err != nil {
		t.Fatal(err)
	}
	answers(t, url+"/ready", http.StatusOK, `"status":"ready"`)
}

// TestWhatDecidesAboutTraffic is the table in docs/operate.md. What is always needed takes requests away when it goes.
func TestWhatDecidesAboutTraffic(t *testing.T) {
	start := map[string]rest.Need{
		"startup": rest.ToServe, "database": rest.ToServe, "audit-service": rest.ToStart, "recurring-service": rest.ToStart, "websocket-service": rest.ToStart,
		"reminders": rest.ToStart, "relay backend-api": rest.ToStart, "relay notification-service": rest.ToStart,
	}
	for choice, more := range map[string]map[string]rest.Need{
		Memory: {},
		Kafka:  {"kafka": rest.ToStart},
		Dapr:   {"dapr": rest.ToStart, "dapr components": rest.ToStart, "dapr subscriptions": rest.ToServe, "dapr token": rest.ToServe},
	} {
		t.Run(choice, func(t *testing.T) {
			environment(t, map[string]string{"DATA_DIR": t.TempDir()})
			cfg, err := Load("", "")
			if err != nil {
				t.Fatal(err)
			}
			cfg.Transport, cfg.KafkaBrokers = choice, []string{"127.0.0.1:1"}
			want, found := maps.Clone(start), map[string]rest.Need{}
			maps.Copy(want, more)
			app := fx.New(Options(cfg), BackendAPI(), AuditService(), NotificationService(), RecurringService(), WebsocketService(), Last(), fx.Invoke(func(s *server) {
				for _, c := range s.checks {
					found[c.Name] = c.Need
					if group := strings.HasSuffix(c.Name, "-service") && !strings.HasPrefix(c.Name, "relay"); group != (c.Worked != nil) {
						t.Errorf("%s: the group's Worked, and no other, is asked: %t", c.Name, c.Worked != nil)
					}
				}
			}))
			if err := app.Err(); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(found, want) {
				t.Errorf("got  %v\nwant %v", found, want)
			}
		})
	}
}

// TestABrokerThatGoesTakesNoRequestAway, and a process that never had one is not ready: it may be set up wrongly.
func TestABrokerThatGoesTakesNoRequestAway(t *testing.T) {
	var topics []string
	for _, topic := range domain.Topics() {
		topics = append(topics, string(topic))
	}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	vars := map[string]string{"TRANSPORT": "kafka", "KAFKA_BROKERS": strings.Join(broker.ListenAddrs(), ","), "DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "tasktide.db")}
	url, log := started(t, vars)
	answers(t, url+"/ready", http.StatusOK, `"kafka":"ok"`)
	broker.Close()
	answers(t, url+"/ready", http.StatusOK, `"kafka":"degraded"`)
	if status, body := send(t, http.MethodPost, url+"/api/auth/sign-up/email", `{"email":"a@example.org","name":"a","password":"a good password"}`); status != http.StatusOK {
		t.Errorf("without a broker nobody signs up: %d %s", status, body)
	}
	if said := log.String(); !strings.Contains(said, "degraded: requests are answered") || !strings.Contains(said, "check=kafka") {
		t.Errorf("the log does not say it: %s", said)
	}
	url, _ = started(t, with(vars, "DATABASE_URL", "sqlite:"+filepath.Join(t.TempDir(), "other.db")))
	answers(t, url+"/ready", http.StatusServiceUnavailable, "kafka is unavailable")
}
