package kubelet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// readyWithin is how long a pod may take before the roll-out is given up: Kubernetes' progressDeadlineSeconds is 10 minutes.
const readyWithin = time.Minute

// Deployment keeps pods of one manifest.
type Deployment struct {
	Manifest *Manifest // of pods that start from here on
	node     *Node
	service  *Service

	pods    []*Pod // those that are not ending
	started int
	ends    sync.WaitGroup

	mu      sync.Mutex
	endings []Ending
	starts  []time.Duration
}

// NewDeployment is one without pods yet. Connections to service, which may be nil, are brought to them.
func (n *Node) NewDeployment(m *Manifest, service *Service) *Deployment {
	return &Deployment{Manifest: m, node: n, service: service}
}

// Start starts its pods at once and waits until all are ready.
func (d *Deployment) Start(ctx context.Context) error {
	for range d.Manifest.Replicas {
		if _, err := d.create(ctx); err != nil {
			return err
		}
	}
	for _, p := range d.pods {
		if err := d.await(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// Roll replaces every pod by a new one, as many at a time as the manifest says. The old ones may still be ending when it
// returns: see Ended.
func (d *Deployment) Roll(ctx context.Context) error {
	m, old, fresh := d.Manifest, d.pods, []*Pod(nil)
	for len(old) > 0 || len(fresh) < m.Replicas {
		switch {
		case len(old) > 0 && len(old)+len(fresh)-1 >= m.Replicas-m.MaxUnavailable:
			d.end(old[0])
			old = old[1:]
		case len(fresh) < m.Replicas && len(old)+len(fresh) < m.Replicas+m.MaxSurge:
			p, err := d.create(ctx)
			if err != nil {
				return err
			}
			if err := d.await(ctx, p); err != nil {
				return err
			}
			fresh = append(fresh, p)
		default:
			return fmt.Errorf("%s: surge %d and unavailable %d let nothing be replaced", m.Name, m.MaxSurge, m.MaxUnavailable)
		}
		d.pods = append(append([]*Pod(nil), old...), fresh...)
	}
	return nil
}

// Ended waits for the pods that are ending. It returns how they did, and how long others took to be ready, since it was called last.
func (d *Deployment) Ended() (ends []Ending, starts []time.Duration) {
	d.ends.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	ends, starts, d.endings, d.starts = d.endings, d.starts, nil, nil
	return ends, starts
}

// Pods are those that are not ending.
func (d *Deployment) Pods() []*Pod { return d.pods }

// Trouble is what went wrong with pods that are not ending.
func (d *Deployment) Trouble() error {
	var errs []error
	for _, p := range d.pods {
		errs = append(errs, p.Trouble())
	}
	return errors.Join(errs...)
}

// Kill ends everything at once.
func (d *Deployment) Kill() error {
	var errs []error
	for _, p := range d.pods {
		errs = append(errs, p.Kill())
	}
	d.ends.Wait()
	return errors.Join(errs...)
}

func (d *Deployment) create(ctx context.Context) (*Pod, error) {
	d.started++
	p, err := d.node.Start(ctx, fmt.Sprintf("%s-%d", d.Manifest.Name, d.started), d.Manifest, d.service)
	if p != nil {
		d.pods = append(d.pods, p)
	}
	return p, err
}

func (d *Deployment) await(ctx context.Context, p *Pod) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	took, err := p.Ready(ctx)
	d.starts = append(d.starts, took)
	return err
}

func (d *Deployment) end(p *Pod) {
	d.ends.Go(func() {
		e := p.End()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.endings = append(d.endings, e)
	})
}
