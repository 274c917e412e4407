package e2e

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// programs is the folder of our binaries, built once; seed is where all randomness of a run comes from.
//
//nolint:gochecknoglobals // set by TestMain before any test runs
var (
	programs string
	seed     = uint64(time.Now().UnixNano()) % 1_000_000
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if given := os.Getenv("E2E_SEED"); given != "" {
		n, err := strconv.ParseUint(given, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "E2E_SEED:", err)
			return 2
		}
		seed = n
	}
	fmt.Printf("E2E_SEED=%d\n", seed)
	dir, err := os.MkdirTemp("", "e2e-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		programs = filepath.Join(dir, "bin")
		// The user of the database server must be able to pass.
		err = errors.Join(os.Chmod(dir, 0o755), cluster.BuildApps(context.Background(), programs))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// random is a source of its own for each name, so that concurrent users and killers do not disturb each other.
func random(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64())) //nolint:gosec // repeatable on purpose
}

// folder is a folder for one system that the user of the database server may enter, with the programs in bin.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(programs), "run-")
	must(tb, err)
	must(tb, os.Chmod(dir, 0o755))
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	bin := filepath.Join(dir, "bin")
	must(tb, os.Mkdir(bin, 0o755))
	files, err := os.ReadDir(programs)
	must(tb, err)
	for _, f := range files {
		must(tb, os.Link(filepath.Join(programs, f.Name()), filepath.Join(bin, f.Name())))
	}
	return dir
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// eventually polls until ok is nil and fails with its last error when that takes too long.
func eventually(tb testing.TB, within time.Duration, ok func() error) {
	tb.Helper()
	deadline := time.Now().Add(within)
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
