package boot

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tasktide/tasktide/adapters/auth"
)

// SigningSecret is JWT_SECRET or, in one process without any issuer configured,
// a secret of the installation's own: made at the first start, readable by its
// owner only, in DATA_DIR. nil when another issuer signs.
func (c *Config) SigningSecret() ([]byte, error) {
	if c.JWTSecret != "" {
		return []byte(c.JWTSecret), nil
	}
	if c.BetterAuthURL != "" || c.Service != "" {
		return nil, nil
	}
	path := filepath.Join(c.DataDir, "jwt-secret")
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	if err := makeSecret(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("can't make the signing secret: %w", err)
	}
	b, err := os.ReadFile(path) //nolint:gosec // a fixed name in DATA_DIR
	if err != nil {
		return nil, fmt.Errorf("can't read the signing secret: %w", err)
	}
	s := strings.TrimSpace(string(b))
	if len(s) < auth.MinSecret {
		return nil, fmt.Errorf("%s is damaged (%d bytes): remove it to have a new one made; tokens signed before end with it", path, len(s))
	}
	return []byte(s), nil
}

// makeSecret writes a new secret to a file of its own first, so that path is
// never seen half written; fs.ErrExist when there is one.
func makeSecret(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	var key [48]byte
	_, _ = rand.Read(key[:]) // never fails
	f, err := os.CreateTemp(filepath.Dir(path), ".jwt-secret-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
