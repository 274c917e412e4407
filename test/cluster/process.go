package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Command says what to start and how to stop it.
type Command struct {
	Name string // in errors
	Path string
	Args []string
	Env  []string // all of it: nothing is inherited; BaseEnv is a start
	Dir  string
	Log  string // file that takes stdout and stderr, appended to

	Credential *syscall.Credential // the user to run as; nil: the same
	StopSignal syscall.Signal      // default SIGTERM
	StopWithin time.Duration       // then it is killed; default 15 s
}

// Process is one running child. Its methods may be called concurrently and repeatedly.
type Process struct {
	command Command
	pid     int
	logFrom int64
	done    chan struct{}
	err     error // set before done is closed
}

// StartProcess starts the command in a process group of its own.
func StartProcess(c Command) (*Process, error) {
	if c.StopSignal == 0 {
		c.StopSignal = syscall.SIGTERM
	}
	if c.StopWithin == 0 {
		c.StopWithin = 15 * time.Second
	}
	log, from, err := openLog(c.Log)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", c.Name, err)
	}
	p := &Process{command: c, logFrom: from, done: make(chan struct{})}
	started := make(chan error)
	go p.run(log, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Name, err)
	}
	return p, nil
}

func openLog(path string) (*os.File, int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	return f, size, err
}

// run owns the child from start to end. The kernel's "kill with parent" means the parent thread, so the thread is kept.
func (p *Process) run(log *os.File, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() { _ = log.Close() }()
	cmd := exec.Command(p.command.Path, p.command.Args...)
	cmd.Env, cmd.Dir = p.command.Env, p.command.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = childAttributes(p.command.Credential)
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.pid = cmd.Process.Pid
	started <- nil
	p.err = cmd.Wait()
	close(p.done)
}

// PID is the child's process id.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the child is there (paused counts).
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Exited is nil while the child runs; then an error with how it ended and the end of its log.
func (p *Process) Exited() error {
	if p.Running() {
		return nil
	}
	how := "status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended (%s); end of %s:\n%s", p.command.Name, how, p.command.Log, p.Tail(2000))
}

// Wait waits until the child has ended and returns its exit error, or the context's.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop asks the child to end, and kills it when it does not within its time, which is an error.
func (p *Process) Stop() error {
	if !p.Running() {
		return nil
	}
	_ = p.Resume() // a frozen process cannot obey
	_ = syscall.Kill(p.pid, p.command.StopSignal)
	select {
	case <-p.done:
		return nil
	case <-time.After(p.command.StopWithin):
	}
	return errors.Join(
		fmt.Errorf("%s did not stop within %s and was killed; end of its log:\n%s",
			p.command.Name, p.command.StopWithin, p.Tail(2000)),
		p.Kill())
}

// Kill ends the child and all its descendants with SIGKILL and waits until they are gone.
func (p *Process) Kill() error {
	if !p.Running() {
		return nil
	}
	_ = syscall.Kill(p.pid, syscall.SIGSTOP) // no new children while they are listed
	family := descendants(p.pid)
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	deadline := time.Now().Add(10 * time.Second)
	<-p.done
	for _, pid := range family {
		for alive(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s: descendant %d survives SIGKILL", p.command.Name, pid)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	return nil
}

// Pause freezes the child and all its descendants: connections stay, nothing answers.
func (p *Process) Pause() error { return p.signalAll(syscall.SIGSTOP) }

// Resume thaws what Pause froze.
func (p *Process) Resume() error { return p.signalAll(syscall.SIGCONT) }

func (p *Process) signalAll(s syscall.Signal) error {
	if err := p.Exited(); err != nil {
		return err
	}
	err := syscall.Kill(-p.pid, s)
	for _, pid := range descendants(p.pid) {
		_ = syscall.Kill(pid, s) // it may have ended meanwhile
	}
	if err != nil {
		return fmt.Errorf("signal %s to %s: %w", s, p.command.Name, err)
	}
	return nil
}

// Tail is the end of what this child has logged.
func (p *Process) Tail(max int64) string {
	f, err := os.Open(p.command.Log)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	from := p.logFrom
	if info.Size()-max > from {
		from = info.Size() - max
	}
	b, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// BaseEnv is the little that a child inherits from us, and what it is given in addition.
func BaseEnv(extra ...string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "JAVA_HOME", "GOCOVERDIR", "GORACE"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, extra...)
}

// runOnce executes a short command to its end; its output is in the error.
func runOnce(ctx context.Context, cred *syscall.Credential, dir, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Env = dir, BaseEnv("LC_ALL=C")
	cmd.SysProcAttr = childAttributes(cred)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(path), err, strings.TrimSpace(string(out)))
	}
	return nil
}
