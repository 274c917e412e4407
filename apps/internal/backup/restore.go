package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

var errNotOurs = errors.New("it is not a backup of tasktide backup, or its beginning is damaged")

// Restore replaces the data at p by the backup in path. aside is the folder that has
// the data of before.
func Restore(ctx context.Context, p Place, path string) (m Manifest, aside string, err error) {
	if _, err := Finish(p); err != nil { // of a restore that was interrupted
		return m, "", err
	}
	if err := os.MkdirAll(filepath.Dir(p.Database), 0o700); err != nil {
		return m, "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(p.Database), ".restore-*") // beside the database: renamed, not copied
	if err != nil {
		return m, "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if m, err = unpack(path, work); err != nil {
		return m, "", refused(path, err)
	}
	database := filepath.Join(work, databaseName)
	if _, err := sqlstore.CheckFile(ctx, database); err != nil {
		return m, "", refused(path, err)
	}
	if err := sqlstore.RenewEpoch(ctx, database); err != nil {
		return m, "", err
	}
	name := filepath.Base(p.Database) + ".replaced-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := os.WriteFile(filepath.Join(work, asideName), []byte(name), 0o600); err != nil {
		return m, "", err
	}
	for _, f := range []string{asideName, databaseName} {
		if err := syncFile(filepath.Join(work, f)); err != nil {
			return m, "", err
		}
	}
	if err := giveTo(filepath.Dir(p.Database), work); err != nil {
		return m, "", err
	}
	if err := errors.Join(syncDir(work), os.Rename(work, staged(p)), syncDir(filepath.Dir(p.Database))); err != nil {
		return m, "", err
	}
	aside, err = Finish(p) // from here on there is no way back, and none is needed
	return m, aside, err
}

func refused(path string, err error) error {
	return fmt.Errorf("%s can't be restored, and nothing was changed: %w", path, err)
}

// unpack writes what is in a backup to dir, having compared all of it with its manifest.
func unpack(path, dir string) (m Manifest, err error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return m, err
	}
	defer func() { _ = f.Close() }()
	r := tar.NewReader(f)
	h, err := r.Next()
	if err != nil || h.Name != manifestName || h.Typeflag != tar.TypeReg {
		return m, errNotOurs
	}
	if m, err = readManifest(r); err != nil {
		return m, err
	}
	for _, c := range m.Files {
		h, err := r.Next()
		if err != nil || h.Name != c.Name || h.Typeflag != tar.TypeReg || h.Size != c.Size {
			return m, fmt.Errorf("it is damaged or cut off: %s is not there as its manifest says", c.Name)
		}
		if err := unpackFile(r, c, filepath.Join(dir, c.Name)); err != nil {
			return m, err
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		return m, errors.New("it is damaged: it goes on behind the last file of its manifest")
	}
	return m, nil
}

func unpackFile(r io.Reader, c Content, to string) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a name of ours
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, sum), r); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it is cut off within %s", c.Name)
		}
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != c.SHA256 {
		return fmt.Errorf("it is damaged: the content of %s is not what was backed up", c.Name)
	}
	return f.Sync()
}
