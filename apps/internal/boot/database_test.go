package boot

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// refusing is a PostgreSQL server that lets nobody in.
func refusing(t *testing.T, code, message string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			server := pgproto3.NewBackend(c, c)
			if _, err := server.ReceiveStartupMessage(); err == nil {
				server.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
				_ = server.Flush()
			}
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestAServerThatRefusesUsEndsTheStartAtOnce: waiting would help as little as a message that it does not answer.
func TestAServerThatRefusesUsEndsTheStartAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, message, says string }{
		{"28P01", `password authentication failed for user "u"`, "refuses the user or the password in DATABASE_URL"},
		{"28000", `no pg_hba.conf entry for host`, "refuses the user or the password in DATABASE_URL"},
		{"3D000", `database "tasktide" does not exist`, "no database of the name in DATABASE_URL: create it"},
	} {
		cfg := Config{DatabaseURL: "postgres://u:topsecret@" + refusing(t, c.code, c.message) + "/tasktide?sslmode=disable"}
		db, err := sqlstore.Open(sqlstore.Config{URL: cfg.DatabaseURL})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err = (&database{db}).prepare(ctx, cfg, slog.New(slog.DiscardHandler))
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.message) || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", c.code, err)
		}
		cancel()
		_ = db.Close()
	}
}

func TestOneDatabaseFileIsServedByOneProcessWhateverItsDataDir(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shared.db")
	config := func() Config { return Config{DataDir: t.TempDir(), DatabaseURL: "sqlite:" + file} }
	home := Config{DataDir: filepath.Dir(file), DatabaseURL: "sqlite:" + file} // the file in its own DATA_DIR
	var first, second dataDir
	if err := first.lock(home); err != nil {
		t.Fatal(err)
	}
	if err := second.lock(config()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a second process got the same file: %v", err)
	}
	if err := first.unlock(); err != nil {
		t.Fatal(err)
	}
	if err := second.lock(config()); err != nil {
		t.Errorf("the file stays locked: %v", err)
	}
	_ = second.unlock()
}

func TestANewDatabaseFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	c := Config{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "new.db")}
	if err := c.makeDatabaseFile(); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(c.databaseFile()); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}
}
