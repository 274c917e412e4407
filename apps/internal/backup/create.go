package backup

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// Create writes a backup of db to path. It replaces a file
// that is there only with force.
func Create(ctx context.Context, db *sqlstore.DB, p Place, path string, force bool) (Manifest, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return Manifest{}, fmt.Errorf("%s is a directory: name a file", path)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return Manifest{}, fmt.Errorf("%s is there already: choose another name, or replace it with --force", path)
	}
	m, err := create(ctx, db, p, path, force)
	if err != nil {
		return m, fmt.Errorf("the backup %s was not made: %w", path, err)
	}
	return m, nil
}

func create(ctx context.Context, db *sqlstore.DB, p Place, path string, force bool) (m Manifest, err error) {
	work, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0700, on the same file system
	if err != nil {
		return m, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	m = Manifest{Format: format, FormatNumber: formatNumber, Tasktide: p.Version, Created: time.Now().UTC().Truncate(time.Second)}
	if err := collect(ctx, db, work, &m); err != nil {
		return m, err
	}
	done := filepath.Join(work, "backup.tar")
	if err := pack(m, work, done); err != nil {
		return m, err
	}
	if err := publish(done, path, force); err != nil {
		return m, err
	}
	return m, syncDir(filepath.Dir(path))
}

// collect puts a whole copy of the database into work, and checks it.
func collect(ctx context.Context, db *sqlstore.DB, work string, m *Manifest) error {
	database := filepath.Join(work, databaseName)
	if err := os.WriteFile(database, nil, 0o600); err != nil {
		return err
	}
	if err := db.CopyTo(ctx, database); err != nil {
		return err
	}
	var err error
	if m.Schema, err = sqlstore.CheckFile(ctx, database); err != nil {
		return err
	}
	c, err := hashed(databaseName, database)
	if err != nil {
		return err
	}
	m.Files = append(m.Files, c)
	return nil
}

// pack writes the tar and waits for the disk.
func pack(m Manifest, work, to string) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // our own name
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	header := func(name string, size int64) error {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: m.Created})
	}
	if err := header(manifestName, int64(len(text))); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	for _, c := range m.Files {
		if err := header(c.Name, c.Size); err != nil {
			return err
		}
		if err := appendFile(w, filepath.Join(work, c.Name)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Sync()
}

func appendFile(w io.Writer, path string) error {
	f, err := os.Open(path) //nolint:gosec // our own file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(w, f)
	return err
}

// publish gives the finished file its name. Without force a name that somebody else
// took meanwhile is left alone.
func publish(done, path string, force bool) error {
	if force {
		return os.Rename(done, path)
	}
	err := os.Link(done, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := os.Lstat(path); err == nil { // a file system without links
		return fs.ErrExist
	}
	return os.Rename(done, path)
}
