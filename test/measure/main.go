// Command measure measures the promises under load on this machine: how long a create takes, when another device shows a
// change, when the next occurrence is there, how late reminders are, and what an event that always fails does to others.
// It runs the system as it is deployed, in processes of its own, for each transport. The load generator and the devices
// share the processors with the system: what they use is in the table.
//
// Nothing is asserted by time. Every write must be answered and every change must arrive, else it fails.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

type options struct {
	transports []string
	rate       int
	users      int
	during     time.Duration
	poison     time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	transports := flag.String("transports", "memory,kafka,dapr", "comma separated")
	flag.IntVar(&o.rate, "rate", 1000, "writes a second; what is not held is lowered")
	flag.IntVar(&o.users, "users", 200, "users, each with a device connected by WebSocket")
	flag.DurationVar(&o.during, "for", time.Minute, "how long the load is held")
	flag.DurationVar(&o.poison, "poison", 20*time.Second, "how long others are watched without and with a failing event each, in turns of a fifth of it; 0: not")
	flag.Parse()
	o.transports = strings.Split(*transports, ",")
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	fmt.Printf("%d processors for system, load and devices together; %d users with a device each; load average before: %s\n",
		runtime.NumCPU(), o.users, loadAverage())
	var all []*result
	for _, transport := range o.transports {
		r, err := measure(ctx, transport, o)
		if err != nil {
			return fmt.Errorf("%s: %w", transport, err)
		}
		all = append(all, r)
	}
	table(all)
	return nil
}

// measure runs one transport.
func measure(ctx context.Context, transport string, o options) (r *result, err error) {
	fmt.Printf("\n%s: starting\n", transport)
	s, err := start(ctx, transport)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := s.stop(); err == nil {
			err = stopped
		}
	}()
	c, err := newCrowd(ctx, s, o.users)
	if err != nil {
		return nil, err
	}
	defer c.leave()
	r = &result{transport: transport}
	if r.rate, err = c.findRate(ctx, o.rate); err != nil {
		return nil, err
	}
	fmt.Printf("%s: %d writes/s for %s\n", transport, r.rate, o.during)
	before := s.usage()
	if r.load, err = c.load(ctx, r.rate, o.during); err != nil {
		return nil, err
	}
	r.cost = s.usage().since(before, r.load.create.n()+r.load.others)
	if o.poison > 0 {
		r.poison, err = c.poisoned(ctx, max(1, r.rate/5), o.poison)
	}
	return r, err
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}
