package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The one binary on a disk that gets full: 507 for what finds no room, reading and the
// live connections go on, nothing that was answered is lost, and all is well again when
// there is room. A backup that finds none leaves nothing behind.
func TestOnAFullDiskNothingIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, os.Mkdir(data, 0o700))
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", data).CombinedOutput(); err != nil {
		t.Skipf("a small disk needs the right to mount: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", data).CombinedOutput(); err != nil { //nolint:noctx // after the test
			t.Errorf("umount: %v %s", err, out)
		}
	})
	n := newNode(t, dir)
	must(t, n.Start(t.Context()))
	s := &system{transport: "memory", api: n.url(), dir: dir, env: n.env(), db: openSQLite(t, data), live: []string{n.url()}, sent: make(chan struct{})}
	crowd := newCrowd(t, s, "full-", 1)
	c := crowd[0].client
	devices := watch(t, s, crowd)
	defer devices.stop()
	password, err := s.command(t.Context(), "users", "create", "ann@example.org")
	must(t, err)
	password = strings.TrimSpace(password)
	ann := &visitor{t: t, base: s.api}
	answered := map[string]bool{}
	create := func(description string) (int, string) {
		title := "task " + time.Now().Format(time.RFC3339Nano)
		status, body, err := c.once(t.Context(), "POST", c.path(""), object{"title": title, "priority": "low", "category": "home", "description": description}, "")
		must(t, err)
		if status == 201 {
			answered[title] = true
		}
		return status, string(body)
	}
	long := strings.Repeat("x", 1000)
	for range 50 {
		create(long)
	}
	ballast := filepath.Join(data, "ballast")
	fillUp(t, ballast)
	status, body := 0, ""
	for i := 0; status != 507; i++ {
		if status, body = create(long); status != 201 && status != 507 || i > 10_000 {
			t.Fatalf("create %d: %d %s", i, status, body)
		}
	}
	if !strings.Contains(body, "disk of the database is full") || !strings.Contains(body, "made room") {
		t.Errorf("the problem is %s", body)
	}
	if list, err := c.tasks(t.Context()); err != nil || len(list) != len(answered) {
		t.Errorf("reading: %d of %d tasks, %v", len(list), len(answered), err)
	}
	status, ready, err := c.once(t.Context(), "GET", "/ready", nil, "")
	if err != nil || status != 503 || !bytes.Contains(ready, []byte("disk is full")) {
		t.Errorf("readiness: %d %s %v", status, ready, err)
	}
	signInWithoutRoom(t, ann, "ann@example.org", password, func() int {
		status, body := create("")
		if status != 201 && status != 507 {
			t.Fatalf("create: %d %s", status, body)
		}
		return status
	})
	if status, _, err := c.once(t.Context(), "GET", "/health", nil, ""); err != nil || status != 200 {
		t.Errorf("health: %d %v", status, err)
	}
	if _, err := s.command(t.Context(), "backup", filepath.Join(data, "b.tar")); err == nil || !strings.Contains(err.Error(), "was not made") {
		t.Errorf("a backup without room: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "*b.tar*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if n.Process().Exited() != nil {
		t.Fatal("it ended")
	}
	must(t, os.Remove(ballast))
	eventually(t, 30*time.Second, func() error {
		status, body, err := c.once(t.Context(), "GET", "/ready", nil, "")
		if err == nil && status != 200 {
			err = errors.New(string(body))
		}
		return err
	})
	if status := ann.signInPatiently("ann@example.org", password); status != 200 {
		t.Errorf("a sign-in with room again: %d", status)
	}
	for range 20 {
		if status, body := create(long); status != 201 {
			t.Errorf("with room again: %d %s", status, body)
		}
	}
	quiet(t, s, nil)
	devices.compare(t, s)
	list, err := c.tasks(t.Context())
	must(t, err)
	for _, x := range list {
		if !answered[x.text("title")] {
			t.Errorf("%v is there and was not answered", x)
		}
	}
	trail, err := c.audit(t.Context(), 500)
	must(t, err)
	if len(list) != len(answered) || len(trail) != len(list) {
		t.Errorf("%d tasks answered, %d there, %d audit entries", len(answered), len(list), len(trail))
	}
	if out, err := s.command(t.Context(), "deadletters", "list"); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("dead letters: %q, %v", out, err)
	}
	t.Logf("%d tasks", len(list))
}

// signInWithoutRoom signs in until the session finds no room, which must be a 503. A
// session is smaller than a task and may find room where that finds none (the write-ahead
// log is begun anew after a checkpoint that needs no room): then it must be a session, and
// small tasks take what is left before the next.
func signInWithoutRoom(t *testing.T, v *visitor, email, password string, create func() int) {
	t.Helper()
	for range 4 {
		for refused := 0; refused < 50; refused++ {
			if create() == 201 {
				refused = 0
			}
		}
		status := v.signInPatiently(email, password)
		if status == 503 {
			return
		}
		if status != 200 {
			t.Fatalf("a sign-in on a full disk: %d", status)
		}
		if status, session := v.send("GET", "/api/auth/get-session", "", ""); status != 200 || !bytes.Contains(session, []byte(email)) {
			t.Errorf("a session that was given on a full disk: %d %s", status, session)
		}
	}
	t.Error("every sign-in on a full disk found room")
}

// fillUp takes all the room that a disk has.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for chunk := bytes.Repeat([]byte{1}, 64<<10); len(chunk) > 0; {
		if _, err := f.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		}
	}
}
