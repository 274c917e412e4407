package cluster

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// asParent makes this test binary a process that starts a child and waits to be killed.
const asParent = "CLUSTER_TEST_PARENT"

func TestMain(m *testing.M) {
	if log := os.Getenv(asParent); log != "" {
		p, err := StartProcess(Command{Name: "child", Path: "/bin/sleep", Args: []string{"300"}, Log: log})
		if err != nil {
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString(strconv.Itoa(p.PID()) + "\n")
		_ = p.Wait(context.Background())
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func shell(t *testing.T, script string) *Process {
	t.Helper()
	p, err := StartProcess(Command{Name: "shell", Path: "/bin/sh", Args: []string{"-c", script}, Env: BaseEnv(),
		Log: filepath.Join(t.TempDir(), "log"), StopWithin: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within 5 s: %s", what)
}

func TestAProcessThatEndsTellsItsStatusAndTheEndOfItsLog(t *testing.T) {
	t.Parallel()
	p := shell(t, "echo broken by design >&2; exit 7")
	<-p.Done()
	err := p.Exited()
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "broken by design") {
		t.Fatalf("got %v", err)
	}
}

func TestAServerThatEndsInsteadOfGettingReadyFailsAtOnce(t *testing.T) {
	t.Parallel()
	s := &Server{within: time.Minute, ready: func(context.Context) error { return errors.New("no") },
		command: Command{Name: "short", Path: "/bin/sh", Args: []string{"-c", "echo no luck"}, Log: filepath.Join(t.TempDir(), "log")}}
	began := time.Now()
	err := s.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no luck") || time.Since(began) > 10*time.Second {
		t.Fatalf("got %v after %s", err, time.Since(began))
	}
}

func TestKillTakesDescendantsInOtherSessionsToo(t *testing.T) {
	t.Parallel()
	p := shell(t, "sleep 300 & setsid sleep 301 & wait")
	var family []int
	waitUntil(t, "two children", func() bool {
		family = descendants(p.PID())
		return len(family) == 2
	})
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range family {
		if alive(pid) {
			t.Errorf("%d lives", pid)
		}
	}
}

func TestStopKillsWhatDoesNotObeyAndSaysSo(t *testing.T) {
	t.Parallel()
	p := shell(t, "trap '' TERM; echo deaf; while :; do sleep 0.05; done")
	waitUntil(t, "the trap is set", func() bool { return strings.Contains(p.Tail(100), "deaf") })
	if err := p.Stop(); err == nil || p.Exited() == nil {
		t.Fatalf("stopped with %v, exited with %v", err, p.Exited())
	}
}

func TestAPausedProcessDoesNothingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	p := shell(t, "while :; do echo tick; sleep 0.01; done")
	waitUntil(t, "it ticks", func() bool { return p.Tail(100) != "" })
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "it is quiet", func() bool {
		before := len(p.Tail(1 << 20))
		time.Sleep(100 * time.Millisecond)
		return len(p.Tail(1<<20)) == before
	})
	before := len(p.Tail(1 << 20))
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "it ticks again", func() bool { return len(p.Tail(1<<20)) > before })
}

func TestNothingOutlivesAParentThatWasKilled(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("only Linux kills children with their parent")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+filepath.Join(t.TempDir(), "log"))
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(child) {
		t.Fatal("the child does not run")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	waitUntil(t, "the child is gone", func() bool { return !alive(child) })
}
