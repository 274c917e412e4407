package boot

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAServiceIsNotReadyWhileItsRelayCannotWork, and is when it can again.
func TestAServiceIsNotReadyWhileItsRelayCannotWork(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tasktide.db")
	url, _ := started(t, map[string]string{"DATABASE_URL": "sqlite:" + file})
	ready := func(want int, says string) {
		t.Helper()
		var status int
		var body []byte
		for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
			if status, body = send(t, http.MethodGet, url+"/ready", ""); status == want && strings.Contains(string(body), says) {
				return
			}
		}
		t.Fatalf("%d %s, want %d and %s", status, body, want, says)
	}
	db, err := sql.Open("sqlite", file+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ready(http.StatusOK, `"relay backend-api":"ok"`)
	for _, step := range []struct {
		statement string
		status    int
		says      string
	}{
		{"ALTER TABLE relay_leases RENAME TO taken_away", http.StatusServiceUnavailable, "relay backend-api"},
		{"ALTER TABLE taken_away RENAME TO relay_leases", http.StatusOK, `"relay backend-api":"ok"`},
	} {
		if _, err := db.ExecContext(t.Context(), step.statement); err != nil {
			t.Fatal(err)
		}
		ready(step.status, step.says)
	}
}
