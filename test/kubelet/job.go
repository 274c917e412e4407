package kubelet

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Run runs the Job, whose containers are the one binary. One that fails is an error; Kubernetes would try the Job again.
func (n *Node) Run(ctx context.Context, j *Job) error {
	for _, c := range j.Containers {
		env, err := n.environment(c)
		if err != nil {
			return fmt.Errorf("%s of the Job %s: %w", c.Name, j.Name, err)
		}
		cmd := exec.CommandContext(ctx, filepath.Join(n.Bin, "tasktide"), c.Args...)
		cmd.Env, cmd.Dir = env, n.Dir
		out, err := cmd.CombinedOutput()
		n.Log("%s of the Job %s ran tasktide %s:\n%s", c.Name, j.Name, strings.Join(c.Args, " "), out)
		if err != nil {
			return fmt.Errorf("%s of the Job %s: %w\n%s", c.Name, j.Name, err, out)
		}
	}
	return nil
}
