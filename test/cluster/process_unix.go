//go:build unix && !linux

package cluster

import "syscall"

// childAttributes: other systems have no "kill with parent"; an orderly end of the parent still stops its children.
func childAttributes(c *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: c}
}
