//go:build unix

package boot

import (
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

func TestWhatRootMakesForAServiceBelongsToTheService(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	const service = 54321
	cfg, db := embedded(t)
	migrateTo(t, cfg, db, sqlstore.Up)
	file := filepath.Join(t.TempDir(), "b.tar")
	if _, err := Backup(t.Context(), cfg, file, false); err != nil {
		t.Fatal(err)
	}
	restored, fresh := cfg, cfg
	for _, c := range []*Config{&restored, &fresh} {
		c.DataDir = t.TempDir()
		c.DatabaseURL = "sqlite:" + filepath.Join(c.DataDir, "tasktide.db")
		if err := os.Chown(c.DataDir, service, service); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Restore(t.Context(), restored, file); err != nil {
		t.Fatal(err)
	}
	if db, err := OpenAccounts(t.Context(), fresh); err != nil {
		t.Fatal(err)
	} else if _, err := Migrate(t.Context(), fresh, db, sqlstore.Down, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	} else if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{restored.DataDir, fresh.DataDir} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := os.Lstat(path)
			if err != nil {
				return err
			}
			if owner := info.Sys().(*syscall.Stat_t); owner.Uid != service || owner.Gid != service { //nolint:forcetypeassert // unix
				t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
