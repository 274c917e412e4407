package backup_test

import (
	"archive/tar"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/tasktide/tasktide/apps/internal/backup"
)

// repack is a backup with a changed database and a manifest that fits it.
func repack(t *testing.T, file string, change func(t *testing.T, database string)) string {
	t.Helper()
	dir := t.TempDir()
	extract(t, file, dir)
	change(t, filepath.Join(dir, "tasktide.db"))
	var m backup.Manifest
	b, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	must(t, err)
	must(t, json.Unmarshal(b, &m))
	contents := [][]byte{nil}
	for i := range m.Files {
		b, err := os.ReadFile(filepath.Join(dir, m.Files[i].Name))
		must(t, err)
		sum := sha256.Sum256(b)
		m.Files[i].Size, m.Files[i].SHA256 = int64(len(b)), hex.EncodeToString(sum[:])
		contents = append(contents, b)
	}
	contents[0], err = json.Marshal(m)
	must(t, err)
	out := filepath.Join(dir, "changed.tar")
	f, err := os.Create(out)
	must(t, err)
	w := tar.NewWriter(f)
	for i, content := range contents {
		name := "manifest.json"
		if i > 0 {
			name = m.Files[i-1].Name
		}
		must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}))
		_, err = w.Write(content)
		must(t, err)
	}
	must(t, w.Close())
	must(t, f.Close())
	return out
}

func execute(statement string) func(t *testing.T, database string) {
	return func(t *testing.T, database string) {
		t.Helper()
		db, err := sql.Open("sqlite", database)
		must(t, err)
		_, err = db.ExecContext(t.Context(), statement)
		must(t, err)
		must(t, db.Close())
	}
}
