package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// NodeModules makes sure that Better Auth's packages are installed and returns their folder. Without Node.js the test is
// skipped, unless this machine is said to have everything.
func NodeModules(tb testing.TB) string {
	tb.Helper()
	dir, err := nodeModules(tb.Context())
	must(tb, err)
	return dir
}

func nodeModules(ctx context.Context) (string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%s: %w", program, ErrMissing)
		}
	}
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, ".tools", "better-auth", "node_modules"), ensureTool(ctx, "better-auth")
}
