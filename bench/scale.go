package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sweep measures at growing sizes of one dimension.
type sweep struct {
	name, what string
	run        func(context.Context, *env, report) error
}

// report takes what was measured at one size.
type report func(size int, f figure)

var sweeps = []sweep{
	{"relays", "relays that share the outbox, each with its own connections and producer", sweepRelays},
	{"partitions", "partitions of each topic, one member of the group", sweepPartitions},
	{"users", "users, each with a task or up to 2,000, 6 by the mean", sweepUsers},
	{"events", "events in the streams of 1,000 users, one in a hundred of one user's; as many audit entries and idempotency records", sweepEvents},
}

// figure is what was measured at one size, beside its reference in the same seconds: figures of a machine that has other
// work differ, their ratio hardly does.
type figure struct {
	what   string
	n      int
	took   []time.Duration // of each, sorted; none where only all together were measured
	within time.Duration   // of all
	raw    time.Duration   // what the reference takes for one: the median of each, or of all by their number
	beside string          // what the reference is
	grows  string          // why it may grow with the size; empty: docs/scale.md says that it is flat
	note   string
}

// limit is how much a flat figure may grow from the smallest size to the largest, as a ratio to its reference. It is for a
// statement that begins to scan, which grows with the size, and far from noise.
const limit = 3

func (f *figure) rate() float64 { return float64(f.n) / f.within.Seconds() }

func (f *figure) at(permille int) time.Duration {
	return f.took[min(len(f.took)*permille/1000, len(f.took)-1)]
}

// cost is how many times as long as the reference one takes.
func (f *figure) cost() float64 {
	one := f.within / time.Duration(max(f.n, 1))
	if len(f.took) > 0 {
		one = f.at(500)
	}
	return float64(one) / float64(max(f.raw, 1))
}

func (f *figure) line(size int) string {
	p50, p99 := "", ""
	if len(f.took) > 0 {
		p50, p99 = fmt.Sprintf("%.2f", ms(f.at(500))), fmt.Sprintf("%.2f", ms(f.at(990)))
	}
	return fmt.Sprintf("%10d  %-36s %9.0f %9s %9s  %8.2f× %s (%.3f ms) %s", size, f.what, f.rate(), p50, p99, f.cost(), f.beside, ms(f.raw), f.note)
}

// runScale runs the sweeps that are named; an error names what the document calls flat and is not.
func runScale(ctx context.Context, only string, f flags) (err error) {
	var chosen []sweep
	for _, s := range sweeps {
		if only == "all" || slices.Contains(strings.Split(only, ","), s.name) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no sweep is called %q; there are all,relays,partitions,users,events", only)
	}
	e, err := newEnv(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	fmt.Printf("%d processors for system, servers and load together\n", runtime.NumCPU())
	fmt.Printf("%10s  %-36s %9s %9s %9s  %9s\n", "size", "", "a second", "p50 ms", "p99 ms", "beside")
	var grown []string
	for _, s := range chosen {
		began := time.Now()
		e.name = s.name
		fmt.Printf("%s: %s\n", s.name, s.what)
		c := curves{}
		if err := s.run(ctx, e, func(size int, f figure) {
			fmt.Println(f.line(size))
			c.add(f)
		}); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("%s took %.0f s\n", s.name, time.Since(began).Seconds())
		grown = append(grown, c.grown(s.name)...)
	}
	if grown != nil {
		return fmt.Errorf("not flat:\n%s", strings.Join(grown, "\n"))
	}
	fmt.Printf("flat: nothing that is said to be grew by more than %d times\n", limit)
	return nil
}

// curves are the figures of one sweep by what they are of, in the order of sizes.
type curves struct {
	names []string
	costs map[string][]float64
	grows map[string]string
}

func (c *curves) add(f figure) {
	if c.costs == nil {
		c.costs, c.grows = map[string][]float64{}, map[string]string{}
	}
	if _, ok := c.costs[f.what]; !ok {
		c.names = append(c.names, f.what)
	}
	c.costs[f.what], c.grows[f.what] = append(c.costs[f.what], f.cost()), f.grows
}

// grown prints how each grew and returns those that should not have.
func (c *curves) grown(sweep string) (out []string) {
	for _, name := range c.names {
		costs := c.costs[name]
		by := costs[len(costs)-1] / costs[0]
		line := fmt.Sprintf("%10s  %-36s grew by %.2f times from the smallest to the largest", "", name, by)
		if c.grows[name] != "" {
			line += "; it may: " + c.grows[name]
		} else if by > limit {
			out = append(out, fmt.Sprintf("%s: %s: %.2f times", sweep, name, by))
		}
		fmt.Println(line)
	}
	return out
}
