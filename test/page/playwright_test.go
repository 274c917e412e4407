package page

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// startMain starts the servers of a mode.
func startMain(t testing.TB, mode string) (*system, error) {
	switch mode {
	case "binary":
		return startBinary(t, settings()...)
	case "kafka", "dapr":
		return startCluster(t, mode)
	}
	return nil, fmt.Errorf("-on %s: choose among binary, kafka and dapr", mode)
}

// settings are those of the main system.
func settings() []string {
	if *project == "figures" {
		return []string{"SIGN_UP=open", "WRITE_RATE=0"} // 5,000 tasks are written at once
	}
	return []string{"SIGN_UP=open"}
}

// environment is what the steps read, in playwright.config.ts and e2e/control.ts.
func environment(c *control) []string {
	env := []string{"PAGE_ON=" + c.mode, "PAGE_CONTROL=" + c.url, "PAGE_WORKERS=" + strconv.Itoa(browsers(c.mode)), "CHROMIUM=" + chromium()}
	if c.mode == "binary" { // on the clusters each step has the whole browser
		env = append(env, "CHROMIUM_SHELL="+shell())
	}
	return env
}

func browsers(mode string) int {
	switch {
	case *workers > 0:
		return *workers
	case mode == "binary" && *project == "person":
		return 2
	}
	return 1
}

// playwright runs the steps to their end. Its report is this test's.
func playwright(t *testing.T, c *control) {
	args := []string{"node_modules/@playwright/test/cli.js", "test", "--project=" + *project + "*"}
	if *grep != "" {
		args = append(args, "--grep="+*grep)
	}
	began := time.Now()
	p, err := cluster.StartProcess(cluster.Command{Name: "Playwright", Path: "/usr/bin/env", Args: append([]string{"node"}, args...), Dir: web,
		Env: cluster.BaseEnv(append(environment(c), "FORCE_COLOR=0", "PAGE_TRACE="+os.Getenv("PAGE_TRACE"))...), Log: filepath.Join(filepath.Dir(programs), c.mode+".log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	err = p.Wait(t.Context())
	t.Logf("%s on %s, %s:\n%s", *project, c.mode, time.Since(began).Round(time.Second), p.Tail(200_000))
	if err != nil {
		t.Errorf("Playwright: %v; what was on the screen is in %s; with PAGE_TRACE=1 each step, too", err, filepath.Join(web, "test-results"))
	}
}

// wait keeps the servers for whoever writes steps.
func wait(t *testing.T, c *control) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Printf("\nThe page is at %s\n  cd %s && %s npx playwright test --project='%s*'\nuntil this is interrupted.\n", c.find(mainSystem).url, web, strings.Join(environment(c), " "), *project)
	select {
	case <-ctx.Done():
	case <-t.Context().Done():
	}
}
