package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Root is the repository's folder: the nearest one above the working directory with our go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(b, []byte("module github.com/tasktide/tasktide\n")) {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("not inside the repository")
		}
		dir = up
	}
}

// ensureTool makes sure that tools/install.sh has installed the tool, and installs it when not. Processes that need the
// same tool at the same time wait for one another.
func ensureTool(ctx context.Context, name string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	unlock, err := lockFile(filepath.Join(root, ".tools", name+".lock"))
	if err != nil {
		return fmt.Errorf("lock tool %s: %w", name, err)
	}
	defer unlock()
	out, err := exec.CommandContext(ctx, filepath.Join(root, "tools", "install.sh"), name).CombinedOutput()
	if err != nil {
		return fmt.Errorf("install %s: %w: %w\n%s", name, ErrMissing, err, strings.TrimSpace(string(out)))
	}
	return nil
}

func lockFile(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
