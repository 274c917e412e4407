package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverAccount is the user for servers that refuse to run as root; nil when we are not root.
func serverAccount() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody: %w", ErrMissing)
}

// reachable says which folder on the way to dir the account may not enter.
func reachable(dir string, account *syscall.Credential) error {
	if account == nil {
		return nil
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return err
		}
		if !mayEnter(info, account) {
			return fmt.Errorf("user id %d, as whom PostgreSQL runs, may not enter %s: choose another data folder", account.Uid, d)
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

func mayEnter(info os.FileInfo, account *syscall.Credential) bool {
	bit := os.FileMode(0o001)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case s.Uid == account.Uid:
			bit = 0o100
		case s.Gid == account.Gid:
			bit = 0o010
		}
	}
	return info.Mode()&bit != 0
}

// writeSecret writes a new random secret that only its owner may read.
func writeSecret(path string) (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	secret := hex.EncodeToString(b)
	return secret, os.WriteFile(path, []byte(secret), 0o600)
}

// keepSecret returns the secret of the file, which it creates when there is none.
func keepSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return writeSecret(path)
	}
	return string(b), err
}
