package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// visitor is somebody with a browser and a password.
type visitor struct {
	t      *testing.T
	base   string
	cookie *http.Cookie
}

func (v *visitor) send(method, path, body, bearer string) (int, []byte) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	must(v.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", v.base)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	} else if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	answer, err := http.DefaultClient.Do(r)
	must(v.t, err)
	defer func() { _ = answer.Body.Close() }()
	for _, c := range answer.Cookies() {
		v.cookie = c
	}
	out, err := io.ReadAll(answer.Body)
	must(v.t, err)
	return answer.StatusCode, out
}

func (v *visitor) signIn(email, password string) int {
	v.t.Helper()
	v.cookie = nil
	status, _ := v.send("POST", "/api/auth/sign-in/email", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), "")
	return status
}

// signInPatiently signs in, and again for as long as there were too many tries.
func (v *visitor) signInPatiently(email, password string) int {
	v.t.Helper()
	for {
		status := v.signIn(email, password)
		if status != http.StatusTooManyRequests {
			return status
		}
		select {
		case <-v.t.Context().Done():
			v.t.Fatal("too many tries, for ever")
		case <-time.After(time.Second):
		}
	}
}

// operates is the status of an operator's route with a fresh token of the session, or that of the token's.
func (v *visitor) operates() int {
	v.t.Helper()
	status, body := v.send("GET", "/api/auth/token", "", "")
	var out struct{ Token string }
	if status != http.StatusOK || json.Unmarshal(body, &out) != nil {
		return status
	}
	status, _ = v.send("GET", "/api/operator/dead-letters", "", out.Token)
	return status
}

// The program itself, configured by a file alone.
func TestOperatorsMakeMendAndRemoveAccountsBesideARunningServer(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	file := filepath.Join(t.TempDir(), "tasktide.env")
	must(t, os.WriteFile(file, []byte(strings.Join(s.env, "\n")), 0o600))
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "tasktide"), append([]string{"--config", file, "users"}, args...)...)
		cmd.Env, cmd.Stdin = cluster.BaseEnv(), strings.NewReader(stdin)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("users %q: %v\n%s%s", args, err, out, errs.String())
		}
		return strings.TrimSuffix(string(out), "\n")
	}
	ann := &visitor{t: t, base: s.api}
	password := run("", "create", "Ann@example.org", "--name", "Ann")
	if status := ann.signIn("ann@example.org", password); status != http.StatusOK || len(password) < 16 {
		t.Fatalf("with %q: %d", password, status)
	}
	listed, err := decode([]byte(run("", "list", "--json")))
	must(t, err)
	id := listed.text("id")
	if listed.text("email") != "ann@example.org" || listed.text("name") != "Ann" || listed.text("scope") != "" || id == "" {
		t.Errorf("listed as %v", listed)
	}
	for _, step := range []struct {
		args []string
		want int
	}{{nil, http.StatusForbidden}, {[]string{"grant", "ann@example.org", "operator"}, http.StatusOK}, {[]string{"grant", id, "operator", "--remove"}, http.StatusForbidden}} {
		if step.args != nil {
			run("", step.args...)
		}
		if status := ann.operates(); status != step.want {
			t.Errorf("after %q: %d, want %d", step.args, status, step.want)
		}
	}
	if out := run("another long password\n", "reset-password", id, "--stdin"); out != "" {
		t.Errorf("a password that was given is printed: %q", out)
	}
	if status := ann.operates(); status != http.StatusUnauthorized {
		t.Errorf("the session of before: %d", status)
	}
	if status := ann.signIn("ann@example.org", password); status != http.StatusUnauthorized {
		t.Errorf("the password of before: %d", status)
	}
	if status := ann.signIn("ann@example.org", "another long password"); status != http.StatusOK {
		t.Errorf("the new password: %d", status)
	}
	if out := run("", "export", id); !strings.Contains(out, "ann@example.org") || strings.Contains(out, "argon2") {
		t.Errorf("exported %s", out)
	}
	run("", "erase", id, "--yes")
	if status := ann.operates(); status != http.StatusUnauthorized || run("", "list") != "" {
		t.Errorf("after it was erased: %d, %q", status, run("", "list"))
	}
}
