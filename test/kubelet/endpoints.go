package kubelet

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Service is an address behind which some pods are: each new connection is brought to one of them by chance. Those that are
// there stay with their pod.
type Service struct {
	l net.Listener

	mu      sync.Mutex
	pods    map[string]string // addresses by pod
	news    []func()          // changes that it does not know of yet
	heard   int               // of all changes that there were
	hearing sync.Mutex        // held while it comes to know of some
	open    sync.WaitGroup

	led, nobody, refused atomic.Int64
}

// NewService listens on a loopback port of this process.
func NewService(ctx context.Context, port string) (*Service, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return nil, err
	}
	s := &Service{l: l, pods: map[string]string{}}
	s.open.Go(s.serve)
	return s, nil
}

// URL is its address.
func (s *Service) URL() string { return "http://" + s.l.Addr().String() }

// Close takes no more connections and waits for the end of those that are there.
func (s *Service) Close() error {
	err := s.l.Close()
	s.open.Wait()
	return err
}

// Led is what became of the connections that came.
type Led struct {
	All     int64
	Nobody  int64 // no pod was ready
	Refused int64 // the pod they were brought to took none
}

// Led counts them.
func (s *Service) Led() Led { return Led{s.led.Load(), s.nobody.Load(), s.refused.Load()} }

// hear brings a change after a while, and with it those that were before: what Kubernetes passes on is the whole list, so that nobody
// knows that a pod has gone without knowing who had come for it.
func (s *Service) hear(after time.Duration, change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news = append(s.news, change)
	number := s.heard + len(s.news)
	time.AfterFunc(after, func() {
		s.hearing.Lock()
		defer s.hearing.Unlock()
		for _, change := range s.due(number) {
			change()
		}
	})
}

// due takes the changes up to this one.
func (s *Service) due(number int) []func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := max(0, number-s.heard)
	due := s.news[:n]
	s.news, s.heard = s.news[n:], s.heard+n
	return due
}

func (s *Service) set(pod, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods[pod] = address
}

func (s *Service) remove(pod string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pods, pod)
}

// pick is the address of any pod; empty when there is none.
func (s *Service) pick() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pods) == 0 {
		return ""
	}
	n := rand.IntN(len(s.pods)) //nolint:gosec // as kube-proxy does
	for _, address := range s.pods {
		if n == 0 {
			return address
		}
		n--
	}
	return ""
}

func (s *Service) serve() {
	for {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		s.led.Add(1)
		s.open.Go(func() { s.lead(c.(*net.TCPConn)) }) //nolint:forcetypeassert // of a TCP listener
	}
}

func (s *Service) lead(client *net.TCPConn) {
	address := s.pick()
	if address == "" {
		s.nobody.Add(1)
		reset(client)
		return
	}
	pod, err := net.DialTimeout("tcp", address, 3*time.Second)
	if err != nil {
		s.refused.Add(1)
		reset(client)
		return
	}
	there := pod.(*net.TCPConn) //nolint:forcetypeassert // of tcp
	var both sync.WaitGroup
	both.Go(func() { pass(there, client) })
	both.Go(func() { pass(client, there) })
	both.Wait()
	_, _ = client.Close(), there.Close()
}

// pass passes on what comes, and how it ended.
func pass(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil && !errors.Is(err, net.ErrClosed) {
		reset(to)
		reset(from)
		return
	}
	_ = to.CloseWrite()
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
