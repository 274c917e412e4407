package boot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOneDatabaseFileIsServedByOneProcessWhateverItsDataDir(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shared.db")
	config := func() Config { return Config{DataDir: t.TempDir(), DatabaseURL: "sqlite:" + file} }
	home := Config{DataDir: filepath.Dir(file), DatabaseURL: "sqlite:" + file} // the file in its own DATA_DIR
	var first, second dataDir
	if err := first.lock(home); err != nil {
		t.Fatal(err)
	}
	if err := second.lock(config()); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a second process got the same file: %v", err)
	}
	if err := first.unlock(); err != nil {
		t.Fatal(err)
	}
	if err := second.lock(config()); err != nil {
		t.Errorf("the file stays locked: %v", err)
	}
	_ = second.unlock()
}

func TestANewDatabaseFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	c := Config{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "new.db")}
	if err := c.makeDatabaseFile(); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(c.databaseFile()); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", i.Mode(), err)
	}
}
