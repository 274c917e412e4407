package identity

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

//go:embed client/*.mjs
var scripts embed.FS

// differences are by decision; docs/accounts.md has the same list.
var differences = []struct {
	step, why string
	same      func(real, ours map[string]any) // takes the difference out
}{
	{"sign-in: not remembered", "no cookie dont_remember: the server knows which sessions end with the browser", dropRealCookie("better-auth.dont_remember")},
	{"https: sign-in, not remembered", "the same", dropRealCookie("__Secure-better-auth.dont_remember")},
	{"update-user: nothing", "every refusal has a code", dropOurCode},
	{"an unknown route", "a body that says what is wrong", takeRealBody},
	{"a wrong method", "a body that says what is wrong", takeRealBody},
}

func dropRealCookie(name string) func(real, _ map[string]any) {
	return func(real, _ map[string]any) {
		if c, ok := real["cookies"].(map[string]any); ok {
			delete(c, name)
		}
	}
}

func dropOurCode(_, ours map[string]any) {
	delete(ours, "code")
	if body, ok := ours["body"].(map[string]any); ok {
		delete(body, "code")
	}
	if client, ok := ours["client"].(map[string]any); ok {
		client["error"].(map[string]any)["code"] = nil
	}
}

// takeRealBody: Better Auth answers nothing at all.
func takeRealBody(real, ours map[string]any) {
	if real["status"] == ours["status"] {
		for _, part := range []string{"body", "code", "headers", "client"} {
			if v, there := real[part]; there {
				ours[part] = v
			} else {
				delete(ours, part)
			}
		}
	}
}

func TestBetterAuthsClientFindsTheSameAsAtABetterAuthServer(t *testing.T) {
	dir := nodeFolder(t)
	db, address := postgres(t, "theirs")
	real := realServers(t, dir, address)
	ours, err := json.Marshal(map[string]string{
		"open":    serve(t, db, settings{}).url,
		"closed":  serve(t, db, settings{closed: true}).url,
		"limited": serve(t, db, settings{limited: true}).url,
		"secure":  serve(t, db, settings{publicURL: "https://tasks.example.org"}).url,
	})
	if err != nil {
		t.Fatal(err)
	}
	theirs, own := steps(t, dir, real), steps(t, dir, string(ours))
	if len(theirs) < 150 || len(theirs) != len(own) {
		t.Fatalf("%d rows from Better Auth, %d from ours", len(theirs), len(own))
	}
	used := map[string]bool{}
	for i, want := range theirs {
		got := own[i]
		for _, d := range differences {
			if d.step == want["step"] {
				before := fmt.Sprint(want, got)
				d.same(want, got)
				used[d.step] = used[d.step] || before != fmt.Sprint(want, got)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\nBetter Auth %s\nours        %s", want["step"], text(want), text(got))
		}
		if ok, there := got["ok"]; there && ok != true {
			t.Errorf("%s: not so: %s", got["step"], got["check"])
		}
	}
	for _, d := range differences {
		if !used[d.step] {
			t.Errorf("the difference in %q (%s) is none", d.step, d.why)
		}
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// nodeFolder has the scripts beside the packages that they import.
func nodeFolder(t *testing.T) string {
	t.Helper()
	modules := cluster.NodeModules(t)
	dir := t.TempDir()
	for _, name := range []string{"server.mjs", "steps.mjs"} {
		script, err := scripts.ReadFile("client/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), script, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func node(t *testing.T, dir, script string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Dir, cmd.Env = dir, cluster.BaseEnv(env...)
	return cmd
}

// realServers starts Better Auth and returns the addresses of its servers, as JSON. They
// end with their standard input.
func realServers(t *testing.T, dir, database string) string {
	t.Helper()
	cmd := node(t, dir, "server.mjs", "DATABASE_URL="+database, "SECRET=0123456789-0123456789-0123456789-0123456789")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var failed bytes.Buffer
	cmd.Stderr = &failed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		ended.Stop()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("Better Auth did not start: %v\n%s", err, failed.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return line
}

// steps runs the client against servers and returns what it printed.
func steps(t *testing.T, dir, servers string) (rows []map[string]any) {
	t.Helper()
	cmd := node(t, dir, "steps.mjs", "SERVERS="+servers)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the client's steps on %s: %v\n%s", servers, err, failed.String())
	}
	for line := range strings.Lines(string(out)) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		rows = append(rows, row)
	}
	return rows
}
