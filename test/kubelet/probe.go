package kubelet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ask asks once.
func (p *Probe) ask(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	if p.Path == "" {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+p.Path, nil)
	if err != nil {
		return err
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode >= 400 {
		return fmt.Errorf("GET %s: %s", p.Path, answer.Status)
	}
	return nil
}

// watch asks until ctx ends, and says when the state changes; at first it is well or not, as the caller has it.
func (p *Probe) watch(ctx context.Context, address string, well bool, changed func(well bool, why error)) {
	if p == nil || !wait(ctx, p.InitialDelay) {
		return
	}
	for same := 0; ctx.Err() == nil; {
		err := p.ask(ctx, address)
		if ctx.Err() != nil {
			return
		}
		needed := p.FailuresToFail
		if !well {
			needed = p.Successes
		}
		if same++; (err == nil) == well {
			same = 0
		}
		if same >= needed {
			well, same = !well, 0
			changed(well, err)
		}
		if !wait(ctx, p.Period) {
			return
		}
	}
}

// wait is false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
