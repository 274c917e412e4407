package boot

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

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
