package dapr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/contract/store"
)

func TestState(t *testing.T) {
	t.Parallel()
	cfg := need(t, outbound)
	store.RunState(t, func(t *testing.T) ports.StateStore { return dapr.NewState(client(t, cfg)) },
		store.StateOptions{MinTTL: time.Second, Shared: true})
}

// Whoever creates the table, daprd and sqlstore read, write and condition each
// other's rows.
func TestStateRowsAreSharedWithSQL(t *testing.T) {
	t.Parallel()
	migrate := func(t *testing.T, url string) *sqlstore.DB {
		t.Helper()
		db, err := sqlstore.OpenPostgres(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := sqlstore.Migrate(t.Context(), db, sqlstore.Up); err != nil {
			t.Fatal(err)
		}
		return db
	}
	start := func(t *testing.T, name, url string) *dapr.State {
		t.Helper()
		rendered, err := shared.render(name, url)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := sidecar(name, rendered)
		if err != nil {
			t.Fatal(err)
		}
		return dapr.NewState(client(t, cfg))
	}
	for _, first := range []string{"daprd", "migration"} {
		t.Run(first+" first", func(t *testing.T) {
			t.Parallel()
			pg := need(t, shared.postgres)
			name := first + "_first"
			if err := pg.CreateDatabase(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			var db *sqlstore.DB
			var sidecar *dapr.State
			if first == "daprd" {
				sidecar = start(t, name, pg.URL(name))
				db = migrate(t, pg.URL(name))
			} else {
				db = migrate(t, pg.URL(name))
				sidecar = start(t, name, pg.URL(name))
			}
			bothWays(t, sidecar, sqlstore.NewState(db))
			start(t, name+"-again", pg.URL(name)) // a sidecar that finds everything in place starts as well
		})
	}
}

func bothWays(t *testing.T, a, b ports.StateStore) {
	t.Helper()
	for i, pair := range [][2]ports.StateStore{{a, b}, {b, a}} {
		writer, reader := pair[0], pair[1]
		key := fmt.Sprintf("processed-%s-%d", uuid.NewString(), i)
		value := []byte(`{"state":"started","attempts":1,"error":"é <&> \" \\"}`)
		if err := writer.Put(t.Context(), ports.Item{Key: key, Value: value, Mode: ports.IfAbsent, TTL: time.Hour})[0]; err != nil {
			t.Fatal(err)
		}
		if err := reader.Put(t.Context(), ports.Item{Key: key, Value: []byte(`1`), Mode: ports.IfAbsent})[0]; !errors.Is(err, domain.ErrConflict) {
			t.Errorf("direction %d: an insert over the other's row: %v", i, err)
		}
		e := one(t, reader, key)
		if !sameJSON(e.Value, value) {
			t.Errorf("direction %d: wrote %s, read %s", i, value, e.Value)
		}
		if mine := one(t, writer, key); mine.ETag != e.ETag {
			t.Errorf("direction %d: ETags %s and %s", i, mine.ETag, e.ETag)
		}
		if err := reader.Put(t.Context(), ports.Item{Key: key, Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag, TTL: time.Second})[0]; err != nil {
			t.Errorf("direction %d: the other's ETag does not match: %v", i, err)
		}
		if err := writer.Put(t.Context(), ports.Item{Key: key, Value: []byte(`3`), Mode: ports.IfMatch, ETag: e.ETag})[0]; !errors.Is(err, domain.ErrConflict) {
			t.Errorf("direction %d: an old ETag: %v", i, err)
		}
		time.Sleep(1200 * time.Millisecond)
		if got, err := writer.Get(t.Context(), key); err != nil || len(got) != 0 {
			t.Errorf("direction %d: an expired row of the other's is still there: %v %v", i, got, err)
		}
		if err := writer.Put(t.Context(), ports.Item{Key: key, Value: []byte(`4`), Mode: ports.IfAbsent})[0]; err != nil {
			t.Errorf("direction %d: an insert over the other's expired row: %v", i, err)
		}
	}
}

func one(t *testing.T, s ports.StateStore, key string) ports.Entry {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d entries, %v", len(got), err)
	}
	return got[0]
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	m, _ := json.Marshal(x)
	n, _ := json.Marshal(y)
	return bytes.Equal(m, n)
}

// A NUL in a value must not look like an outage, or delivery would wait for ever.
func TestANULInAValueIsStored(t *testing.T) {
	t.Parallel()
	s := dapr.NewState(client(t, need(t, outbound)))
	key := "nul-" + uuid.NewString()
	if err := s.Put(t.Context(), ports.Item{Key: key, Value: []byte(`{"error":"a\u0000b"}`), Mode: ports.IfAbsent, TTL: time.Hour})[0]; err != nil {
		t.Fatal(err)
	}
	if e := one(t, s, key); !sameJSON(e.Value, []byte("{\"error\":\"a\uFFFDb\"}")) {
		t.Errorf("read %s", e.Value)
	}
}

// An outage of the database is no conflict, in any mode, and ends by itself.
func TestAnOutageOfTheDatabaseIsUnavailable(t *testing.T) {
	cfg := need(t, outbound)
	pg := need(t, shared.postgres)
	s := dapr.NewState(client(t, cfg))
	key := "outage-" + uuid.NewString()
	if err := s.Put(t.Context(), ports.Item{Key: key, Value: []byte(`1`)})[0]; err != nil {
		t.Fatal(err)
	}
	e := one(t, s, key)
	if err := pg.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, item := range []ports.Item{
		{Key: key, Value: []byte(`2`)},
		{Key: key, Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag},
		{Key: key, Value: []byte(`2`), Mode: ports.IfAbsent},
		{Key: key + "-new", Value: []byte(`2`), Mode: ports.IfAbsent},
	} {
		if err := s.Put(t.Context(), item)[0]; !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("put %+v: %v", item, err)
		}
	}
	if _, err := s.Get(t.Context(), key); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("get: %v", err)
	}
	if err := pg.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		err := s.Put(t.Context(), ports.Item{Key: key, Value: []byte(`2`), Mode: ports.IfMatch, ETag: e.ETag})[0]
		if err == nil {
			return
		}
		if !errors.Is(err, domain.ErrUnavailable) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestSecretsAndHealth(t *testing.T) {
	t.Parallel()
	c := client(t, need(t, outbound))
	if err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
	got, err := dapr.NewSecrets(c).Get(t.Context(), "app-secrets")
	if err != nil || got["DATABASE_URL"] == "" {
		t.Errorf("%d entries, %v", len(got), err)
	}
}
