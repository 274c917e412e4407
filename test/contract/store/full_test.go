package store_test

import (
	"bytes"
	"errors"
	"os"
	programs "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/migrations"
)

// smallDisk is a file system of its own with so much room.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "small-")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := programs.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+size+",mode=0777", "tmpfs", dir).CombinedOutput(); err != nil {
		_ = os.Remove(dir)
		t.Skipf("a full disk needs a file system of its own, and mounting one the right of root: %v %s", err, out)
	}
	t.Cleanup(func() {
		// The server of the other tests may still hold files open for a moment.
		if out, err := programs.Command("umount", "-l", dir).CombinedOutput(); err != nil { //nolint:noctx // after the test
			t.Errorf("umount: %v %s", err, out)
		}
		_ = os.Remove(dir)
	})
	return dir
}

// fill takes all the room that is left; remove the file to give it back.
func fill(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "ballast")
	f, err := os.Create(file) //nolint:gosec // a test's own
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := bytes.Repeat([]byte{1}, 64<<10); len(chunk) > 0; {
		if _, err := f.Write(chunk); err != nil {
			chunk = chunk[:len(chunk)/2]
		}
	}
	return file
}

func TestAFullDiskLosesNothingAndIsOverWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		dir := smallDisk(t, "8m")
		db := open(t, "sqlite:"+dir+"/data/tasktide.db")
		migrate(t, db, migrations.FS)
		full(t, db, dir)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server.start(t)
		if server.own == nil {
			t.Skip("needs a server on this machine")
		}
		dir := smallDisk(t, "24m")
		info, err := os.Stat(filepath.Join(server.dir, "data"))
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // where there is mount
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
		space := "small" + strings.ReplaceAll(uuid.NewString(), "-", "")
		server.exec(t, "CREATE TABLESPACE "+space+" LOCATION '"+dir+"'")
		t.Cleanup(func() { server.exec(t, "DROP TABLESPACE "+space) })
		name, address := server.database(t, "")
		t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
		server.exec(t, "ALTER DATABASE "+name+" SET TABLESPACE "+space)
		db := open(t, address)
		migrate(t, db, migrations.FS)
		full(t, db, dir)
	})
}

// full writes until there is no room, makes room, and writes again.
func full(t *testing.T, db *sqlstore.DB, dir string) {
	tasks, streams := sqlstore.NewTasks(db), sqlstore.NewStreams(db)
	description := strings.Repeat("a description that takes room ", 30)
	create := func() (domain.Task, error) {
		x, e := task()
		x.Description = &description
		x.Tags = []string{}
		e.Data = []byte(`{"description":"` + description + `"}`)
		_, err := tasks.Create(t.Context(), x, e)
		return x, err
	}
	var there []domain.Task
	for range 20 {
		x, err := create()
		if err != nil {
			t.Fatal(err)
		}
		there = append(there, x)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ballast := fill(t, dir)
	var refused error
	for n := 0; refused == nil; n++ {
		x, err := create()
		if err == nil {
			there = append(there, x)
		} else {
			refused = err
		}
		if n > 100000 {
			t.Fatal("the disk is never full")
		}
	}
	var known *domain.Error
	if !errors.As(refused, &known) || !known.Full || !errors.Is(refused, domain.ErrUnavailable) || !strings.Contains(known.Detail, "disk") {
		t.Fatalf("the error is %v", refused)
	}
	if err := db.Ping(t.Context()); !errors.As(err, &known) || !known.Full {
		t.Errorf("the database says that it is well: %v", err)
	}
	intact(t, tasks, streams, there) // reading goes on
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for db.Ping(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatalf("the database does not recover: %v", db.Ping(t.Context()))
		}
		time.Sleep(50 * time.Millisecond)
	}
	for range 20 {
		x, err := create()
		if err != nil {
			t.Fatal(err)
		}
		there = append(there, x)
	}
	intact(t, tasks, streams, there)
	t.Logf("%d tasks", len(there))
}

// intact compares what is stored with what was answered.
func intact(t *testing.T, tasks *sqlstore.Tasks, streams *sqlstore.Streams, want []domain.Task) {
	t.Helper()
	for _, x := range want {
		if got, err := tasks.Get(t.Context(), "u", x.ID); err != nil || *got.Description != *x.Description {
			t.Fatalf("the answered task %s: %v, %v", x.ID, got, err)
		}
	}
	counts, err := tasks.Count(t.Context(), "u")
	if err != nil || counts.Total != int64(len(want)) {
		t.Errorf("%d tasks, %d were answered: %v", counts.Total, len(want), err)
	}
	events, head, err := streams.After(t.Context(), "u", 0, 1_000_000)
	if err != nil || len(events) != len(want) || head.Value != int64(len(want)) {
		t.Errorf("%d events up to %d for %d tasks: %v", len(events), head.Value, len(want), err)
	}
}
