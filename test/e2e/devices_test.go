package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/device"
)

// screen is a device and its user.
type screen struct {
	*device.Device
	user *user
	kind string
}

// screens are the devices of a crowd: each user has one by WebSocket, every third another by Server-Sent Events. They
// connect to any instance, stay for some seconds at most, and come back.
type screens struct {
	all  []screen
	stop func() // disconnects them; the first error of each was reported
}

func watch(t *testing.T, s *system, crowd []*user) *screens {
	t.Helper()
	return watchWith(t, crowd, func(u *user, kind string) device.Options { return wandering(s, u, kind, random(u.user+" "+kind)) })
}

// watchWith is the same with devices that connect otherwise.
func watchWith(t *testing.T, crowd []*user, options func(u *user, kind string) device.Options) *screens {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	w := &screens{stop: func() { cancel(); running.Wait() }}
	for i, u := range crowd {
		kinds := []string{"WebSocket"}
		if i%3 == 0 {
			kinds = append(kinds, "SSE")
		}
		for _, kind := range kinds {
			d := screen{kind: kind, user: u, Device: device.New(options(u, kind))}
			w.all = append(w.all, d)
			running.Go(func() {
				if err := d.Run(ctx); err != nil {
					t.Errorf("%s, after %+v: %v", kind, d.Counts(), err)
				}
			})
		}
	}
	return w
}

func wandering(s *system, u *user, kind string, r *rand.Rand) device.Options {
	return device.Options{
		API: s.api, User: u.user, Token: u.token, SSE: kind == "SSE",
		Live: func() string { return s.live[r.IntN(len(s.live))] },
		Life: func() time.Duration { return time.Duration(r.Int64N(int64(8 * time.Second))) },
	}
}

// compare waits until every device has seen the whole stream, and compares its tasks with the list.
func (w *screens) compare(t *testing.T, s *system) {
	t.Helper()
	eventually(t, 60*time.Second, func() error {
		var errs []error
		for _, d := range w.all {
			n, err := count(t.Context(), s.db, "events WHERE user_id = '"+d.user.user+"'")
			if at := d.Place().Position; err == nil && at != int64(n) {
				err = fmt.Errorf("%s by %s is at %d of %d", d.user.user, d.kind, at, n)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	var sum device.Counts
	for _, d := range w.all {
		list, err := d.user.client.tasks(t.Context())
		must(t, err)
		copied := d.Tasks()
		for _, task := range list {
			if err := same("task", task, copied[task.text("id")]); err != nil {
				t.Errorf("%s by %s: %v", d.user.user, d.kind, err)
			}
		}
		if len(copied) != len(list) {
			t.Errorf("%s by %s has %d tasks, the list has %d", d.user.user, d.kind, len(copied), len(list))
		}
		c := d.Counts()
		sum.Loads, sum.Connections, sum.Events = sum.Loads+c.Loads, sum.Connections+c.Connections, sum.Events+c.Events
	}
	t.Logf("%d devices: %d connections, %d lists loaded, %d events told", len(w.all), sum.Connections, sum.Loads, sum.Events)
}
