package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
	"github.com/tasktide/tasktide/core/users"
)

const clients = 64

// post serves the REST API from this process and loads it over loopback connections, also from this process: both share
// its processors with the database, as pgbench does.
func post(ctx context.Context, e *env) (result, error) {
	db, pool, err := e.database(ctx)
	if err != nil {
		return result{}, err
	}
	defer pool.Close()
	defer func() { _ = db.Close() }()
	address, requests, stop, err := serve(db)
	if err != nil {
		return result{}, err
	}
	defer stop()
	bench, err := newPgbench(ctx, e, db, pool)
	if err != nil {
		return result{}, err
	}
	span := time.Duration(e.n(50)) * 100 * time.Millisecond
	var tails []float64
	empty := func() error {
		defer e.prepared()
		return execute(ctx, pool, "TRUNCATE tasks, events, outbox, user_streams", "CHECKPOINT")
	}
	r, err := e.pairs(ctx, func(ctx context.Context) (outcome, error) {
		if err := empty(); err != nil {
			return outcome{}, err
		}
		l, err := load(ctx, address, requests, span)
		if err != nil {
			return outcome{}, err
		}
		tails = append(tails, l[len(l)*99/100].Seconds()*1000)
		return outcome{n: len(l), rate: float64(len(l)) / span.Seconds()}, nil
	}, func(ctx context.Context) (outcome, error) {
		if err := empty(); err != nil {
			return outcome{}, err
		}
		return bench.run(ctx, bench.script, span)
	})
	r.goal = "≥ 70%, p99 < 10 ms"
	if err != nil {
		return r, err
	}
	if err := empty(); err != nil {
		return r, err
	}
	lean, err := bench.run(ctx, bench.script+".lean", span)
	r.notes = append(r.notes, fmt.Sprintf("a statement for one task only, not ours: %.0f/s by pgbench, %.1f%%", lean.rate, 100*r.ours/lean.rate))
	if len(tails) > 0 {
		r.notes = append(r.notes, fmt.Sprintf("p99 of ours %.1f ms", median(tails)))
	}
	return r, err
}

// serve starts the API and returns its address and one request for each of many users.
func serve(db *sqlstore.DB) (address string, requests [][]byte, stop func(), err error) {
	address, sign, stop, err := serveAPI(db)
	if err != nil {
		return "", nil, nil, err
	}
	for i := range 5000 {
		r, err := newTask(userName(i), sign)
		if err != nil {
			stop()
			return "", nil, nil, err
		}
		requests = append(requests, r)
	}
	return address, requests, stop, nil
}

// signer makes a user's token.
type signer func(user string) (string, error)

// newTask is a request that creates a task of user.
func newTask(user string, sign signer) ([]byte, error) {
	token, err := sign(user)
	body := `{"title":"Water the plants","priority":"medium","category":"home"}`
	return fmt.Appendf(nil, "POST /api/%s/tasks HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", user, token, len(body), body), err
}

// serveAPI starts the API on a port of its own.
func serveAPI(db *sqlstore.DB) (address string, sign signer, stop func(), err error) {
	secret := []byte("a secret of this benchmark, 48 bytes or so long..")
	verifier, err := auth.NewVerifier(auth.Config{Secret: secret})
	if err != nil {
		return "", nil, nil, err
	}
	s, err := auth.NewSigner(secret, "", "")
	if err != nil {
		return "", nil, nil, err
	}
	store := sqlstore.NewTasks(db)
	app := rest.New(rest.Deps{
		Tasks: tasks.New(store, memory.Clock{}, tasks.NewIDs()), Audit: audit.NewReader(sqlstore.NewAudit(db)),
		Users:  users.New(users.Deps{Counts: store, Streams: sqlstore.NewStreams(db), Clock: memory.Clock{}}),
		Verify: verifier.Verify, Metrics: prometheus.NewRegistry(),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, err
	}
	go func() { _ = app.Listener(l) }()
	sign = func(user string) (string, error) { return s.Sign(user, "", time.Hour) }
	return l.Addr().String(), sign, func() { _ = app.ShutdownWithTimeout(time.Second) }, nil
}

// load sends requests over keep-alive connections, one after the other on each, and returns how long each took, sorted.
func load(ctx context.Context, address string, requests [][]byte, span time.Duration) ([]time.Duration, error) {
	end := time.Now().Add(span)
	took, errs := make([][]time.Duration, clients), make([]error, clients)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				errs[c] = err
				return
			}
			defer func() { _ = conn.Close() }()
			in := bufio.NewReaderSize(conn, 8192)
			for i := c * 79; errs[c] == nil && ctx.Err() == nil; i++ {
				began := time.Now()
				if began.After(end) {
					return
				}
				if _, errs[c] = conn.Write(requests[i%len(requests)]); errs[c] == nil {
					errs[c] = readAnswer(in, " 201 ")
				}
				took[c] = append(took[c], time.Since(began))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	return sorted, ctx.Err()
}

// readAnswer reads one answer, which must have this status.
func readAnswer(in *bufio.Reader, status string) error {
	length, first := 0, true
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch {
		case first:
			if !bytes.Contains(line, []byte(status)) {
				return fmt.Errorf("answer %q", line)
			}
			first = false
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[16:]))); err != nil {
				return err
			}
		case len(line) <= 2:
			_, err := in.Discard(length)
			return err
		}
	}
}

// pgbench runs the very statement of adapters/sqlstore with one task.
type pgbench struct {
	script string
	args   []string
	env    []string
}

func newPgbench(ctx context.Context, e *env, db *sqlstore.DB, pool *pgxpool.Pool) (*pgbench, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	id := uuid.Must(uuid.NewV7())
	t := domain.Task{
		ID: id, UserID: "first", Title: "x", Priority: domain.PriorityLow, Category: domain.CategoryHome,
		Tags: []string{}, TimeZone: "UTC", Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	ev := created(1, 1)[0]
	if _, err := sqlstore.NewTasks(db).Create(ctx, t, ev); err != nil {
		return nil, err
	}
	var query string
	if err := pool.QueryRow(ctx, `SELECT query FROM pg_stat_activity WHERE query LIKE 'WITH input AS%' AND pid <> pg_backend_pid() LIMIT 1`).Scan(&query); err != nil {
		return nil, fmt.Errorf("the statement of a create: %w", err)
	}
	script, err := pgbenchScript(query)
	if err != nil {
		return nil, err
	}
	server, err := e.postgres()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(server.URL(e.name))
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	b := &pgbench{script: filepath.Join(e.dir, "create.sql"), env: append(os.Environ(), "PGPASSWORD="+password)}
	b.args = []string{
		"-h", u.Hostname(), "-p", u.Port(), "-U", u.User.Username(), "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2",
		"-D", "data=" + string(ev.Data), "-D", "title=Water the plants", "-D", "now=" + domain.FormatTime(now),
		"-D", "trace=" + ev.TraceParent,
	}
	if err := os.WriteFile(b.script+".lean", []byte(leanScript), 0o600); err != nil {
		return nil, err
	}
	return b, os.WriteFile(b.script, []byte(script), 0o600)
}

// leanScript writes what ours writes, but can't take several tasks at once.
const leanScript = `\set u random(1, 5000)
\set s random(0, 63)
WITH new AS (INSERT INTO tasks (user_id, id, title, priority, category, completed, reminder_sent, tags, time_zone, version, created_at, updated_at, search_text) ` +
	`VALUES ('user-' || :u, gen_random_uuid(), :title::text, 'medium', 'home', false, false, '[]', 'UTC', 1, :now::timestamptz, :now::timestamptz, :title::text) ON CONFLICT DO NOTHING RETURNING user_id, id), ` +
	`stream AS (INSERT INTO user_streams AS s (user_id, position) SELECT user_id, 1 FROM new ON CONFLICT (user_id) DO UPDATE SET position = s.position + 1 RETURNING s.user_id, s.position), ` +
	`ev AS (INSERT INTO events (user_id, position, event_id, time, event_type, correlation_id, source, subject, traceparent, data) ` +
	`SELECT stream.user_id, position, gen_random_uuid(), :now::timestamptz, 'task.created.v1', gen_random_uuid(), 'backend-api', new.id, :trace::text, :data::json FROM stream, new), ` +
	`ob AS (INSERT INTO outbox (user_id, position, publisher, shard, topic) SELECT user_id, position, 'backend-api', :s::smallint, 'task-created' FROM stream) ` +
	`SELECT position FROM stream;
`

var inputColumns = regexp.MustCompile(`WITH ORDINALITY AS u\(([^)]*), ord\)`)

// pgbenchScript gives the array parameters of query one element each, from pgbench's variables.
func pgbenchScript(query string) (string, error) {
	found := inputColumns.FindStringSubmatch(query)
	if found == nil {
		return "", fmt.Errorf("not the statement that was expected: %.200s", query)
	}
	values := map[string]string{
		"user_id": `('user-' || :u)`, "id": `gen_random_uuid()::text`, "event_id": `gen_random_uuid()::text`,
		"correlation_id": `gen_random_uuid()::text`, "subject": `gen_random_uuid()::text`, "title": `:title::text`,
		"search_text": `:title::text`, "priority": `'medium'`, "category": `'home'`, "completed": `false`, "reminder_sent": `false`,
		"tags": `'[]'`, "time_zone": `'UTC'`, "version": `1`, "series_index": `0`, "created_at": `:now::text`, "updated_at": `:now::text`, "time": `:now::text`,
		"event_type": `'task.created.v1'`, "source": `'backend-api'`, "publisher": `'backend-api'`, "traceparent": `:trace::text`,
		"data": `:data::text`, "shard": `:s`, "topic": `'task-created'`,
	}
	columns := strings.Split(found[1], ", ")
	query = placeholders(query, func(i int) string {
		if v, ok := values[columns[i-1]]; ok {
			return "ARRAY[" + v + "]"
		}
		return "ARRAY[NULL]"
	}, len(columns))
	query = strings.ReplaceAll(query, "\n", " ")
	return "\\set u random(1, 5000)\n\\set s random(0, 63)\n" + query + ";\n", nil
}

var tps = regexp.MustCompile(`tps = ([0-9.]+)`)

func (b *pgbench) run(ctx context.Context, script string, span time.Duration) (outcome, error) {
	seconds := max(int(span.Seconds()), 1)
	cmd := exec.CommandContext(ctx, "pgbench", append(slices.Clone(b.args), "-f", script, "-T", strconv.Itoa(seconds), "post")...)
	cmd.Env = b.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return outcome{}, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	found := tps.FindSubmatch(out)
	if found == nil || bytes.Contains(out, []byte("aborted")) {
		return outcome{}, fmt.Errorf("pgbench said\n%s", out)
	}
	rate, err := strconv.ParseFloat(string(found[1]), 64)
	return outcome{n: int(rate * span.Seconds()), rate: rate}, err
}
