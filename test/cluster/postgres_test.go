package cluster

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func connect(t *testing.T, p *Postgres) *pgx.Conn {
	t.Helper()
	c, err := pgxConnect(t, p.URL("app"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func pgxConnect(t *testing.T, url string) (*pgx.Conn, error) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c, nil
}

func exec1(t *testing.T, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, p *Postgres) (n int) {
	t.Helper()
	if err := connect(t, p).QueryRow(t.Context(), "select count(*) from kept").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPostgresKeepsCommittedRowsThroughKillStopAndPause(t *testing.T) {
	t.Parallel()
	began := time.Now()
	p := StartPostgres(t, PostgresOptions{})
	t.Logf("created and started in %s", time.Since(began))
	for range 2 { // the second time it is there
		if err := p.CreateDatabase(t.Context(), "app"); err != nil {
			t.Fatal(err)
		}
	}
	c := connect(t, p)
	exec1(t, c, "create table kept (n int)")
	exec1(t, c, "insert into kept values (1)")

	restart := func(name string, end func() error) {
		if err := end(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		began := time.Now()
		if err := p.Start(t.Context()); err != nil {
			t.Fatalf("start after %s: %v", name, err)
		}
		t.Logf("started after %s in %s", name, time.Since(began))
	}
	restart("kill", p.Kill)
	exec1(t, connect(t, p), "insert into kept values (2)")
	restart("stop", p.Stop)
	if n := count(t, p); n != 2 {
		t.Fatalf("%d rows are left of 2", n)
	}

	c = connect(t, p)
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	frozen, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := c.Exec(frozen, "select 1"); err == nil {
		t.Fatal("a frozen server answered")
	}
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, p); n != 2 {
		t.Fatalf("%d rows are left of 2", n)
	}
}
