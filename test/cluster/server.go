package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrMissing says that a program this machine lacks is needed; tests that may be skipped look for it.
var ErrMissing = errors.New("not installed")

// Server is a process that can be started again: the same command, ports and data. What a Postgres, Broker, Daprd and
// Service have in common.
type Server struct {
	command Command
	ready   func(context.Context) error // one attempt; nil: it answers
	within  time.Duration               // to become ready

	mu      sync.Mutex
	process *Process
}

// Start starts the server and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	if err := s.launch(); err != nil {
		return err
	}
	return s.Ready(ctx)
}

func (s *Server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil && s.process.Running() {
		return fmt.Errorf("%s is running", s.command.Name)
	}
	p, err := StartProcess(s.command)
	if err != nil {
		return err
	}
	s.process = p
	return nil
}

// Ready waits until the server answers; it fails at once when the process has ended. A server that does not get ready is
// killed.
func (s *Server) Ready(ctx context.Context) error {
	err := s.Await(ctx, s.within, s.ready)
	if err != nil {
		err = errors.Join(err, s.Kill())
	}
	return err
}

// Await polls until attempt succeeds, the process ends, or the time is over.
func (s *Server) Await(ctx context.Context, within time.Duration, attempt func(context.Context) error) error {
	p := s.Process()
	if p == nil {
		return fmt.Errorf("%s was not started", s.command.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		once, stop := context.WithTimeout(ctx, 2*time.Second)
		last := attempt(once)
		stop()
		if last == nil {
			return nil
		}
		select {
		case <-p.Done():
			return p.Exited()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; end of its log:\n%s", s.command.Name, last, p.Tail(2000))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Process is the current child, nil before the first start.
func (s *Server) Process() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// Running reports whether the process is there (paused counts).
func (s *Server) Running() bool {
	p := s.Process()
	return p != nil && p.Running()
}

// LogFile is where the server writes; restarts append to it.
func (s *Server) LogFile() string { return s.command.Log }

// Stop ends the server in an orderly way. Stopping what does not run is no error.
func (s *Server) Stop() error { return s.act((*Process).Stop, nil) }

// Kill ends it at once, descendants included. Killing what does not run is no error.
func (s *Server) Kill() error { return s.act((*Process).Kill, nil) }

// Pause freezes it: peers wait, as on a lost network.
func (s *Server) Pause() error { return s.act((*Process).Pause, s.notRunning()) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.act((*Process).Resume, s.notRunning()) }

func (s *Server) notRunning() error { return fmt.Errorf("%s does not run", s.command.Name) }

func (s *Server) act(do func(*Process) error, without error) error {
	p := s.Process()
	if p == nil {
		return without
	}
	return do(p)
}
