package page

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/test/cluster"
)

//nolint:gochecknoglobals // flags of the test, and what TestMain makes before any test runs
var (
	on       = flag.String("on", "binary", "what to test the page on: binary, kafka, dapr, or several with commas")
	project  = flag.String("project", "person", "Playwright's project: person, figures or pictures")
	grep     = flag.String("grep", "", "only steps whose title matches")
	workers  = flag.Int("workers", 0, "browsers at once; 0: two on the one binary, one on a cluster")
	hold     = flag.Bool("hold", false, "start the servers, print how to run Playwright against them, and wait to be interrupted")
	programs string
	web      string
	missing  error // a program that is needed is not there
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	root, err := cluster.Root()
	if err == nil {
		web = filepath.Join(root, "apps", "frontend", "web")
		missing = lacks()
	}
	if err == nil && missing == nil {
		err = build(root)
		defer func() { _ = os.RemoveAll(filepath.Dir(programs)) }()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// lacks says which program this machine has not.
func lacks() error {
	for program, pack := range map[string]string{chromium(): "chromium", "node": "nodejs", "npm": "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s: %w: install the package %s (names are Debian's)", program, cluster.ErrMissing, pack)
		}
	}
	return nil
}

// chromium is the browser; CHROMIUM names another one.
func chromium() string {
	if other := os.Getenv("CHROMIUM"); other != "" {
		return other
	}
	return "/usr/bin/chromium"
}

// shell is the same browser without a window, whose drawing is most of the work of
// Chromium's own headless mode. "" where it is not, or another browser is wanted.
func shell() string {
	path, err := exec.LookPath("chromium-headless-shell")
	if err != nil || os.Getenv("CHROMIUM") != "" {
		return ""
	}
	return path
}

// build builds the page, and the programs with the page in them.
func build(root string) error {
	cmd := exec.Command(filepath.Join(root, "tools", "page.sh"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the page: %w\n%s", err, out)
	}
	dir, err := os.MkdirTemp("", "page-")
	if err != nil {
		return err
	}
	programs = filepath.Join(dir, "bin")
	// The user of the database server must be able to pass.
	return errors.Join(os.Chmod(dir, 0o755), cluster.BuildApps(context.Background(), programs))
}

func TestThePageAsAPersonUsesIt(t *testing.T) {
	switch {
	case missing != nil && os.Getenv(cluster.RequireServers) == "":
		t.Skipf("%v (with %s=1 this is a failure)", missing, cluster.RequireServers)
	case missing != nil:
		t.Fatal(missing)
	}
	for mode := range strings.SplitSeq(*on, ",") {
		t.Run(mode, func(t *testing.T) {
			c := newControl(t, mode)
			if *hold {
				wait(t, c)
				return
			}
			playwright(t, c)
		})
	}
}
