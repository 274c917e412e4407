//go:build unix

package backup_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/tasktide/tasktide/apps/internal/backup"
)

func TestWhatRootRestoresBelongsToTheOwnerOfTheFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	i := install(t, 1)
	file := filepath.Join(t.TempDir(), "b.tar")
	must(t, i.backup(t, file, false))
	const service = 54321
	must(t, os.Chown(i.dir, service, service))
	_, aside, err := backup.Restore(t.Context(), i.Place, file)
	must(t, err)
	for _, path := range []string{i.Database, aside, filepath.Join(aside, "tasktide.db")} {
		info, err := os.Stat(path)
		must(t, err)
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != service || owner.Gid != service { //nolint:forcetypeassert // unix
			t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
	}
}
