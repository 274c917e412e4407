package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An operator's worst day: a backup under load, a kill, a restore. Devices that saw more
// than was restored must load again; every token, task and event of the backup is there.
func TestABackupUnderLoadIsRestoredAndDevicesLoadAgain(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	single := s.processes[0]
	crowd := newCrowd(t, s, "restored-", 1)
	c := crowd[0].client
	devices := watch(t, s, crowd) // the first user has one of each kind
	defer devices.stop()
	made := &creates{}
	done := make(chan struct{})
	go func() { defer close(done); made.make(t.Context(), c, 1200) }()
	reach := func(n int) map[string]string {
		for made.count() < n {
			time.Sleep(time.Millisecond)
		}
		made.mu.Lock()
		defer made.mu.Unlock()
		return maps.Clone(made.answered)
	}
	file := filepath.Join(s.dir, "b.tar")
	before := reach(300)
	out, err := s.command(t.Context(), "backup", file)
	must(t, err)
	t.Logf("%d creates answered before the backup: %s", len(before), strings.TrimSpace(out))
	if _, err := s.command(t.Context(), "restore", file); err == nil || !strings.Contains(err.Error(), "another process is serving") {
		t.Errorf("a restore beside the running server: %v", err)
	}
	if _, err := s.command(t.Context(), "backup", file); err == nil || !strings.Contains(err.Error(), "--force") {
		t.Errorf("a backup over another: %v", err)
	}
	<-done
	devices.compare(t, s) // they have seen what will be gone
	list, err := c.tasks(t.Context())
	must(t, err)
	must(t, single.Kill())
	must(t, s.db.Close())

	bad := filepath.Join(s.dir, "bad.tar")
	whole, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(bad, whole[:len(whole)/2], 0o600))
	if _, err := s.command(t.Context(), "restore", bad); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("a restore of half a file: %v", err)
	}
	out, err = s.command(t.Context(), "restore", file)
	must(t, err)
	t.Log(strings.TrimSpace(out))
	must(t, single.Start(t.Context()))
	s.db = openSQLite(t, filepath.Join(s.dir, "data"))

	restored, err := c.tasks(t.Context()) // by the token of before
	must(t, err)
	there := map[string]object{}
	for _, x := range restored {
		there[x.text("id")] = x
	}
	for title, id := range before {
		if there[id] == nil {
			t.Errorf("%q was answered before the backup and is not there", title)
		}
	}
	all := map[string]object{}
	for _, x := range list {
		all[x.text("id")] = x
	}
	for id, x := range there {
		if err := same("restored task", all[id], x); err != nil {
			t.Error(err)
		}
	}
	if len(restored) >= len(list) {
		t.Errorf("%d tasks after the restore, %d before", len(restored), len(list))
	}
	// Positions are given again now, to other events.
	more := &creates{}
	more.make(t.Context(), c, 2*(len(list)-len(restored)))
	quiet(t, s, nil)
	devices.compare(t, s)
	for _, d := range devices.all {
		if n := d.Counts().Loads; n < 2 {
			t.Errorf("the device by %s loaded the list %d times: it was not told that its place is of another epoch", d.kind, n)
		}
	}
	trail, err := c.audit(t.Context(), 500)
	must(t, err)
	seen := map[string]int{}
	for _, e := range trail {
		seen[e.text("entityId")]++
	}
	final, err := c.tasks(t.Context())
	must(t, err)
	for _, x := range final {
		if seen[x.text("id")] != 1 {
			t.Errorf("%d audit entries of %v", seen[x.text("id")], x)
		}
	}
	if len(trail) != len(final) {
		t.Errorf("%d audit entries for %d tasks", len(trail), len(final))
	}
	t.Logf("%d tasks at the kill, %d restored, %d at the end", len(list), len(restored), len(final))
}
