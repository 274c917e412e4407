package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func TestAnErrorHasTheKindOfWhatHelps(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return fmt.Errorf("query: %w", &pgconn.PgError{Code: code}) }
	for name, c := range map[string]struct {
		err  error
		kind domain.Kind
	}{
		"admin shutdown":         {state("57P01"), domain.KindUnavailable},
		"starting up":            {state("57P03"), domain.KindUnavailable},
		"statement timeout":      {state("57014"), domain.KindUnavailable},
		"too many connections":   {state("53300"), domain.KindUnavailable},
		"disk full":              {state("53100"), domain.KindUnavailable},
		"read-only failover":     {state("25006"), domain.KindUnavailable},
		"connection failure":     {state("08006"), domain.KindUnavailable},
		"deadlock, repeatedly":   {state("40P01"), domain.KindUnavailable},
		"refused":                {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, domain.KindUnavailable},
		"bad connection":         {driver.ErrBadConn, domain.KindUnavailable},
		"end of stream":          {io.ErrUnexpectedEOF, domain.KindUnavailable},
		"our own flush's end":    {context.DeadlineExceeded, domain.KindUnavailable},
		"NUL":                    {state("22021"), domain.KindInvalid},
		"NUL in JSON":            {state("22P05"), domain.KindInvalid},
		"unique":                 {state("23505"), domain.KindConflict},
		"a defect of ours":       {state("42601"), domain.KindInternal},
		"classified already":     {domain.Permanent(io.EOF), domain.KindPermanent},
		"a table that's missing": {state("42P01"), domain.KindInternal},
	} {
		if got := domain.KindOf(mapErr(context.Background(), c.err)); got != c.kind {
			t.Errorf("%s: kind %d, want %d", name, got, c.kind)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := mapErr(ended, state("57014")); !errors.Is(err, context.Canceled) || domain.KindOf(err) != domain.KindInternal {
		t.Errorf("a caller who gave up gets %v", err)
	}
}

func TestADatabaseThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://nobody@127.0.0.1:1/x", "sqlite:/proc/nothing/here.db"} {
		db, err := Open(Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Ping(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("ping %s: %v", url, err)
		}
		if err := NewState(db).Put(t.Context(), ports.Item{Key: "k", Value: []byte("1")})[0]; !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("put %s: %v", url, err)
		}
	}
	if _, err := Open(Config{URL: "mysql://x"}); err == nil {
		t.Error("an unknown kind of database was opened")
	}
}
