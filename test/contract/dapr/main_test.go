package dapr

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tasktide/tasktide/test/cluster"
)

// servers are shared by all tests of the package; the first test that needs one
// starts it.
type servers struct {
	dir      string
	kafka    func() (*cluster.Kafka, error)
	postgres func() (*cluster.Postgres, error)
	rendered func() (cluster.RenderedDapr, error)

	mu   sync.Mutex
	stop []func() error
}

var shared servers

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == n.DefValue {
		_ = n.Value.Set("6") // the tests mostly wait for servers
	}
	dir, err := os.MkdirTemp("", "tasktide-dapr-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user when we are root
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared.init(dir)
	code := m.Run()
	for _, stop := range shared.stop {
		if err := stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if code == 0 {
		_ = os.RemoveAll(dir)
	} else {
		fmt.Fprintln(os.Stderr, "logs are in", dir)
	}
	return code
}

func (s *servers) init(dir string) {
	ctx := context.Background()
	s.dir = dir
	s.kafka = sync.OnceValues(func() (*cluster.Kafka, error) {
		k, err := cluster.NewKafka(ctx, cluster.KafkaOptions{Dir: filepath.Join(dir, "kafka")})
		if err == nil {
			s.atEnd(k.Kill)
		}
		return k, err
	})
	s.postgres = sync.OnceValues(func() (*cluster.Postgres, error) {
		p, err := cluster.NewPostgres(ctx, cluster.PostgresOptions{Dir: filepath.Join(dir, "postgres"), Fast: true})
		if err != nil {
			return nil, err
		}
		s.atEnd(p.Kill)
		return p, p.CreateDatabase(ctx, "tasktide")
	})
	s.rendered = sync.OnceValues(func() (cluster.RenderedDapr, error) {
		p, err := s.postgres()
		if err != nil {
			return cluster.RenderedDapr{}, err
		}
		return s.render("shared", p.URL("tasktide"))
	})
}

// render makes the component files for a database.
func (s *servers) render(name, database string) (cluster.RenderedDapr, error) {
	k, err := s.kafka()
	if err != nil {
		return cluster.RenderedDapr{}, err
	}
	return cluster.RenderDapr(filepath.Join(s.dir, "dapr", name), cluster.Addresses{Brokers: k.Brokers(), DatabaseURL: database, AnyNames: true})
}

func (s *servers) atEnd(stop func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop = append(s.stop, stop)
}

// need returns what f started, or skips the test where the programs are missing.
func need[T any](tb testing.TB, f func() (T, error)) T {
	tb.Helper()
	if testing.Short() {
		tb.Skip("real servers; not with -short")
	}
	v, err := f()
	switch {
	case err == nil:
	case errors.Is(err, cluster.ErrMissing) && os.Getenv(cluster.RequireServers) == "":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
	return v
}
