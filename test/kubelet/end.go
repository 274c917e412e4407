package kubelet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// Ending is how a pod ended.
type Ending struct {
	Pod          string
	Grace        time.Duration
	App, Sidecar time.Duration // from the beginning of the end to that of the container; Sidecar 0: there was none
	Unready      int           // how often the pod was ready and then was not, before its end
	Err          error         // a container was killed, or ended with a status that is not 0
}

// Took is how long the whole pod took.
func (e Ending) Took() time.Duration { return max(e.App, e.Sidecar) }

// End ends the pod as kubelet does.
func (p *Pod) End() Ending {
	p.start.Wait()
	p.mu.Lock()
	p.ending = true
	e := Ending{Pod: p.Name, Grace: p.manifest.Grace, Unready: p.unready}
	p.tell()
	p.mu.Unlock()
	p.asked()
	began := time.Now()
	deadline := began.Add(e.Grace)
	var app, sidecar error
	both := sync.WaitGroup{}
	both.Go(func() {
		app = terminate(p.app, p.manifest.App.PreStop, deadline)
		e.App = time.Since(began)
		if p.daprd != nil && p.manifest.Native {
			sidecar = terminate(p.daprd.Process(), p.manifest.Sidecar.PreStop, deadline)
			e.Sidecar = time.Since(began)
		}
	})
	if p.daprd != nil && !p.manifest.Native {
		both.Go(func() {
			sidecar = terminate(p.daprd.Process(), p.manifest.Sidecar.PreStop, deadline)
			e.Sidecar = time.Since(began)
		})
	}
	both.Wait()
	p.probes.Wait()
	e.Err = errors.Join(app, sidecar, p.Trouble())
	return e
}

// terminate ends a container: preStop, SIGTERM, and at the deadline SIGKILL.
func terminate(c *cluster.Process, preStop time.Duration, deadline time.Time) error {
	time.Sleep(preStop)
	if !c.Running() {
		return fmt.Errorf("it ended before it was asked to: %w", c.Exited())
	}
	if err := syscall.Kill(c.PID(), syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-c.Done():
	case <-time.After(time.Until(deadline)):
		return errors.Join(fmt.Errorf("it was killed at the end of its grace period; end of its log:\n%s", c.Tail(3000)), c.Kill())
	}
	if status := c.Wait(context.Background()); status != nil {
		return c.Exited()
	}
	return nil
}

// Kill ends everything of the pod at once.
func (p *Pod) Kill() error {
	p.start.Wait()
	p.mu.Lock()
	p.ending = true
	p.mu.Unlock()
	p.asked()
	if p.service != nil {
		p.service.remove(p.Name)
	}
	err := p.app.Kill()
	if p.daprd != nil {
		err = errors.Join(err, p.daprd.Kill())
	}
	p.probes.Wait()
	return err
}
