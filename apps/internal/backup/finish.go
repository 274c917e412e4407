package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// asideName is the file in a staged restore with the name of the folder for the old data.
const asideName = "aside"

// staged is the folder of a restore that was found good. That it is there is the
// decision: whoever finds it finishes the restore.
func staged(p Place) string { return p.Database + ".restoring" }

// Pending says whether a restore was interrupted.
func Pending(p Place) bool {
	_, err := os.Lstat(staged(p))
	return err == nil
}

// Finish does what is left of a restore, and returns the folder with the data of
// before; "" when there was nothing to do. Each step may be repeated after a kill: as
// long as the new file is in the staged folder, what stands in its place is old.
func Finish(p Place) (aside string, err error) {
	if !Pending(p) {
		return "", nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("the restore is not finished, start again when this is solved: %w", err)
		}
	}()
	name, err := os.ReadFile(filepath.Join(staged(p), asideName))
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(p.Database)
	aside = filepath.Join(dir, filepath.Base(strings.TrimSpace(string(name))))
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return "", err
	}
	if err := exchangeDatabase(p, aside); err != nil {
		return "", err
	}
	if err := giveTo(dir, aside); err != nil {
		return "", err
	}
	if err := errors.Join(syncDir(aside), syncDir(dir), os.RemoveAll(staged(p))); err != nil {
		return "", err
	}
	return aside, syncDir(dir)
}

// exchangeDatabase moves: the file can be large. The log of what is not in the file
// yet goes first, so that it can never be beside another file.
func exchangeDatabase(p Place, aside string) error {
	fresh := filepath.Join(staged(p), databaseName)
	if _, err := os.Lstat(fresh); errors.Is(err, fs.ErrNotExist) {
		return nil // was moved already
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		if err := keep(p.Database+suffix, filepath.Join(aside, databaseName+suffix)); err != nil {
			return err
		}
	}
	if err := syncDir(aside); err != nil {
		return err
	}
	return os.Rename(fresh, p.Database)
}

// keep moves from, if it is there, to a name that is free.
func keep(from, to string) error {
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = fmt.Sprintf("%s.%d", strings.TrimSuffix(to, fmt.Sprintf(".%d", n-1)), n)
	}
	if err := os.Rename(from, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
