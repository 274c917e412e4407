package kubelet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

const (
	obeys   = "trap 'exit 0' TERM; while :; do sleep 0.02; done"
	refuses = "trap '' TERM; while :; do sleep 0.02; done"
	fails   = "trap 'exit 3' TERM; while :; do sleep 0.02; done"
)

// node has one program, the script.
func node(t *testing.T, script string) *Node {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "app"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return &Node{Bin: dir, Dir: filepath.Join(dir, "logs"), News: func() time.Duration { return 0 }, Log: t.Logf}
}

func manifest(grace, preStop time.Duration) *Manifest {
	return &Manifest{Name: "app", Replicas: 3, MaxSurge: 1, Grace: grace, App: Container{Name: "app", PreStop: preStop}}
}

func TestTheEndOfAPod(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script         string
		grace, preStop time.Duration
		says           string
	}{
		"SIGTERM comes after preStop":                    {obeys, 20 * time.Second, 300 * time.Millisecond, ""},
		"who does not go in the grace period is killed":  {refuses, 500 * time.Millisecond, 100 * time.Millisecond, "killed at the end of its grace period"},
		"a status that is not 0 is an error":             {fails, 20 * time.Second, 0, "exit status 3"},
		"who went before he was asked to did it himself": {"sleep 0.1", 20 * time.Second, 500 * time.Millisecond, "before it was asked to"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := node(t, c.script).Start(t.Context(), "app-1", manifest(c.grace, c.preStop), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond) // the shell sets its trap
			e := p.End()
			if e.App < c.preStop || e.App > c.grace+5*time.Second {
				t.Errorf("it took %s", e.App)
			}
			if (e.Err == nil) != (c.says == "") || e.Err != nil && !strings.Contains(e.Err.Error(), c.says) {
				t.Errorf("%v, want %q", e.Err, c.says)
			}
		})
	}
}

// TestAPodThatWasNotReadyForAWhileIsKnownAfterItsEnd, also when nobody looked before; its end itself does not count.
func TestAPodThatWasNotReadyForAWhileIsKnownAfterItsEnd(t *testing.T) {
	t.Parallel()
	p, err := node(t, obeys).Start(t.Context(), "app-1", manifest(20*time.Second, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.says("app", false, errors.New("for a while"))
	p.says("app", true, nil)
	if e := p.End(); e.Unready != 1 {
		t.Errorf("%+v", e)
	}
	p.says("app", false, errors.New("it has ended"))
	if n := p.Unready(); n != 1 {
		t.Errorf("not ready %d times", n)
	}
}

// TestAPodWhoseSidecarDoesNotStart says so, and can be ended.
func TestAPodWhoseSidecarDoesNotStart(t *testing.T) {
	t.Parallel()
	n := node(t, obeys)
	n.Dapr = cluster.RenderedDapr{Resources: filepath.Join(n.Dir, "none"), Config: filepath.Join(n.Dir, "none.yaml")}
	m := manifest(20*time.Second, 0)
	m.Sidecar = &Container{Name: "daprd", Args: []string{"--dapr-graceful-shutdown-seconds", "1", "--app-health-probe-interval", "1",
		"--app-health-probe-timeout", "500", "--app-health-threshold", "3"}, Readiness: &Probe{Path: "/", Period: time.Second, Timeout: time.Second, Successes: 1, FailuresToFail: 1}}
	p, err := n.Start(t.Context(), "app-1", m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "daprd of app-1") {
		t.Errorf("ready: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Kill() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("its end does not end")
	}
}

func TestARollOutReplacesEveryPod(t *testing.T) {
	t.Parallel()
	d := node(t, obeys).NewDeployment(manifest(20*time.Second, 0), nil)
	t.Cleanup(func() {
		if err := d.Kill(); err != nil {
			t.Error(err)
		}
	})
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range d.Pods() {
		names = append(names, p.Name)
	}
	ends, starts := d.Ended()
	if got := fmt.Sprint(names); got != "[app-4 app-5 app-6]" || len(ends) != 3 || len(starts) != 6 || d.Trouble() != nil {
		t.Errorf("%s, %v, %v, %v", got, ends, starts, d.Trouble())
	}
	d.Manifest.MaxSurge = 0
	if err := d.Roll(t.Context()); err == nil || !strings.Contains(err.Error(), "let nothing be replaced") {
		t.Errorf("no surge, none unavailable: %v", err)
	}
}

// TestAServiceLeadsNewConnectionsOnly to pods that it knows; those that are there stay.
func TestAServiceLeadsNewConnectionsOnly(t *testing.T) {
	t.Parallel()
	s, err := NewService(t.Context(), "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	dial := func() (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", s.l.Addr().String())
		if err != nil { // reset already
			return nil, nil
		}
		t.Cleanup(func() { _ = c.Close() })
		return c, bufio.NewReader(c)
	}
	ask := func(c net.Conn, r *bufio.Reader) string {
		if c == nil {
			return ""
		}
		_, _ = fmt.Fprintln(c, "?")
		line, _ := r.ReadString('\n')
		return strings.TrimSpace(line)
	}
	s.set("a", pod(t, "a"))
	kept, lines := dial()
	if got := ask(kept, lines); got != "a" {
		t.Fatalf("%q answers", got)
	}
	s.set("b", pod(t, "b"))
	s.remove("a")
	for range 5 {
		if got := ask(dial()); got != "b" {
			t.Errorf("%q answers", got)
		}
	}
	if got := ask(kept, lines); got != "a" {
		t.Errorf("the kept connection is %q's", got)
	}
	_ = kept.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "bye\n" {
		t.Errorf("%q, %v", rest, err)
	}
	s.remove("b")
	if got := ask(dial()); got != "" {
		t.Errorf("nobody is there, and %q answers", got)
	}
	s.set("c", "127.0.0.1:1")
	if got := ask(dial()); got != "" {
		t.Errorf("nobody listens, and %q answers", got)
	}
	if led := s.Led(); led != (Led{All: 8, Nobody: 1, Refused: 1}) {
		t.Errorf("%+v", led)
	}
}

// TestNewsOfAPodThatHasGone does not come before that of the one that had come for it.
func TestNewsOfAPodThatHasGone(t *testing.T) {
	t.Parallel()
	s := &Service{pods: map[string]string{"old": "1"}}
	s.hear(time.Hour, func() { s.set("new", "2") })
	gone := make(chan struct{})
	s.hear(0, func() { s.remove("old"); close(gone) })
	<-gone
	if s.pick() != "2" {
		t.Errorf("it knows %v", s.pods)
	}
	last := make(chan struct{})
	s.hear(0, func() { close(last) })
	<-last
	if s.heard != 3 || len(s.news) != 0 {
		t.Errorf("%d were heard, %d are left", s.heard, len(s.news))
	}
}

// pod says its name to each line, and bye at the end.
func pod(t *testing.T, name string) string {
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
			go func() {
				for lines := bufio.NewScanner(c); lines.Scan(); {
					_, _ = fmt.Fprintln(c, name)
				}
				_, _ = fmt.Fprintln(c, "bye")
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestAProbeChangesItsMindAfterSoManyAnswers(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := asked.Add(1); n == 1 || n == 3 || n >= 5 { // bad, good, bad, good, bad, bad
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	p := &Probe{Path: "/ready", Period: time.Millisecond, Timeout: time.Second, Successes: 1, FailuresToFail: 2}
	ctx, cancel := context.WithCancel(t.Context())
	var changes []string
	p.watch(ctx, strings.TrimPrefix(server.URL, "http://"), false, func(well bool, _ error) {
		changes = append(changes, fmt.Sprintf("%t after %d", well, asked.Load()))
		if !well {
			cancel()
		}
	})
	if got := strings.Join(changes, ", "); got != "true after 2, false after 6" {
		t.Error(got)
	}
}

func TestWhatIsNotKnownOfAManifestIsAnError(t *testing.T) {
	t.Parallel()
	const good = `{"jobs":[{"spec":{"template":{"spec":{"containers":[{"name":"topics"}]}}}}],"deployments":[{"metadata":{"name":"x"},"spec":{"replicas":2,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},
		"template":{"spec":{"terminationGracePeriodSeconds":40,"containers":[{"name":"x","readinessProbe":{"httpGet":{"path":"/ready"}},"lifecycle":{"preStop":{"sleep":{"seconds":3}}}}]}}}}]}`
	all, err := decode([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	m := all.Deployments["x"]
	if want := (Probe{Path: "/ready", Period: 10 * time.Second, Timeout: time.Second, Successes: 1, FailuresToFail: 3}); *m.App.Readiness != want || m.App.PreStop != 3*time.Second || m.Grace != 40*time.Second {
		t.Errorf("%+v %+v", m, *m.App.Readiness)
	}
	for _, c := range []struct{ old, other, says string }{
		{`"maxSurge":1`, `"maxSurge":"25%"`, "cannot unmarshal string"},
		{`"type":"RollingUpdate"`, `"type":"Recreate"`, "strategy"},
		{`"sleep":{"seconds":3}`, `"exec":{"command":["sleep","3"]}`, "preStop"},
		{`"replicas":2,`, ``, "replicas"},
		{`[{"name":"x",`, `[{"name":"y"},{"name":"x",`, "container y"},
		{`[{"name":"topics"}]`, `[{"name":"topics"},{"name":"more"}]`, "2 containers at once"},
		{`"jobs":[{"`, `"others":[{"`, "0 Jobs"},
	} {
		if _, err := decode([]byte(strings.Replace(good, c.old, c.other, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.other, err)
		}
	}
}
