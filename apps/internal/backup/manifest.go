package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	format       = "tasktide-backup"
	formatNumber = 1

	manifestName = "manifest.json"
	maxManifest  = 64 << 10
	databaseName = "tasktide.db"
)

// Place is where an installation has its data.
type Place struct {
	Database string // the SQLite file: all data, and the keys that sign tokens
	Version  string // of the program, for the manifest
}

// Manifest says what a backup is.
type Manifest struct {
	Format       string    `json:"format"`
	FormatNumber int       `json:"format_version"`
	Tasktide     string    `json:"tasktide"`
	Schema       int64     `json:"schema_version"`
	Created      time.Time `json:"created"`
	Files        []Content `json:"files"`
}

// Content is a file in a backup.
type Content struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func readManifest(r io.Reader) (Manifest, error) {
	var m Manifest
	b, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err != nil || len(b) > maxManifest || json.Unmarshal(b, &m) != nil || m.Format != format {
		return m, errNotOurs
	}
	if m.FormatNumber != formatNumber {
		return m, fmt.Errorf("its format is %d, this binary reads %d: use the version of Tasktide that made it (%s)", m.FormatNumber, formatNumber, m.Tasktide)
	}
	if len(m.Files) != 1 || m.Files[0].Name != databaseName || m.Files[0].Size < 0 {
		return m, fmt.Errorf("it is damaged: its manifest does not name %s and nothing else", databaseName)
	}
	return m, nil
}

// hashed reads a file for its line of the manifest.
func hashed(name, path string) (Content, error) {
	f, err := os.Open(path) //nolint:gosec // our own file
	if err != nil {
		return Content{}, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return Content{Name: name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, err
}

// syncDir makes names in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	err = d.Sync()
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

func syncFile(path string) error { return syncDir(path) }
