package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"
)

// benchmark prepares once and returns what is repeated.
type benchmark struct {
	name, what string
	run        func(context.Context, *env) (result, error)
}

var all = []benchmark{
	{"post", "POST task on PostgreSQL beside the same statement by pgbench, 64 connections each", post},
	{"memory", "memory bus with the whole delivery contract beside the handler called directly", memoryBus},
	{"publish", "Kafka adapter, publish beside Sarama's asynchronous producer", publish},
	{"consume", "Kafka adapter, consume beside a plain Sarama group that marks each record", consume},
	{"dapr", "Dapr adapter with the contract beside a bare handler with the same two state calls", daprDelivery},
	{"outbox", "outbox drained to Kafka beside the sum of its raw parts", drain},
	{"livemem", "one binary: commit → delivered at 5,000 tasks/s, SQLite, memory bus, state in SQLite", deliveredMemory},
	{"livekfk", "commit → delivered at 5,000 tasks/s, PostgreSQL, Kafka, state in PostgreSQL", deliveredKafka},
	{"list", "pages of a list of 100,000 tasks of one user on PostgreSQL beside a prepared statement for the newest 50", listPostgres},
	{"listlite", "the same on SQLite", listSQLite},
	{"audit", "audit consumer, started, effect and done, beside raw inserts of the same three writes", auditConsumer},
	{"websocket", "events to 10,000 WebSockets through the hub beside a loop of the bare library, for each second of processor time", webSocket},
}

type flags struct {
	short   bool
	rounds  int
	profile string
	users   int // the largest sizes of the sweeps
	events  int
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == drainCommand {
		if err := drainMain(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var f flags
	only := flag.String("only", "", "names of benchmarks, separated by commas; empty: all of "+names())
	flag.BoolVar(&f.short, "short", false, "a tenth of the work: shows that it runs, measures little")
	flag.IntVar(&f.rounds, "rounds", 5, "pairs of runs of each benchmark")
	flag.StringVar(&f.profile, "cpuprofile", "", "folder for a CPU profile of each of our runs")
	scale := flag.String("scale", "", "sweeps instead of benchmarks, separated by commas: relays,partitions,users,events, or all")
	flag.IntVar(&f.users, "users", 1_000_000, "with -scale: how many users at most")
	flag.IntVar(&f.events, "events", 10_000_000, "with -scale: how many stored events at most")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return run(ctx, *only, f) }
	if *scale != "" {
		do = func() error { return runScale(ctx, *scale, f) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func names() string {
	var out []string
	for _, b := range all {
		out = append(out, b.name)
	}
	return strings.Join(out, ",")
}

func run(ctx context.Context, only string, f flags) (err error) {
	var chosen []benchmark
	for _, b := range all {
		if only == "" || slices.Contains(strings.Split(only, ","), b.name) {
			chosen = append(chosen, b)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no benchmark is called %q; there are %s", only, names())
	}
	e, err := newEnv(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	fmt.Printf("%-8s  %18s  %18s  %7s  %s\n", "", "ours", "reference", "ratio", "goal")
	for _, b := range chosen {
		began := time.Now()
		e.name = b.name
		r, err := b.run(ctx, e)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		fmt.Printf("%-8s  %16.0f/s  %16.0f/s  %6.1f%%  %s\n", b.name, r.ours, r.raw, 100*r.ratio, r.goal)
		fmt.Printf("          %s\n", b.what)
		for _, n := range r.notes {
			fmt.Printf("          %s\n", n)
		}
		fmt.Printf("          rounds %s; %.0f s\n", r.spread, time.Since(began).Seconds())
	}
	return nil
}

// result is what a benchmark prints: rates in events or requests a second.
type result struct {
	ours, raw, ratio float64
	goal             string
	spread           string
	notes            []string
}

// pairs runs ours and raw in turns, which goes first alternating, and takes medians. The first pair, cold, is not counted.
func (e *env) pairs(ctx context.Context, ours, raw func(context.Context) (outcome, error)) (result, error) {
	var a, b, ratios, cheaper []float64
	var r result
	var spread []string
	var costs [2][]cost
	for i := range e.rounds + 1 {
		var x, y outcome
		var err error
		steps := []func() error{
			func() error { x, err = e.profiled(ctx, i, ours); return err },
			func() error { y, err = e.measured(ctx, raw); return err },
		}
		if i%2 == 1 {
			slices.Reverse(steps)
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return result{}, err
			}
			if err := ctx.Err(); err != nil {
				return result{}, err
			}
		}
		if i == 0 {
			continue
		}
		a, b, ratios = append(a, x.rate), append(b, y.rate), append(ratios, x.rate/y.rate)
		costs[0], costs[1] = append(costs[0], x.cost), append(costs[1], y.cost)
		cheaper = append(cheaper, y.cost.total/x.cost.total)
		spread = append(spread, fmt.Sprintf("%.0f:%.0f", x.rate, y.rate))
	}
	r.ours, r.raw, r.ratio, r.spread = median(a), median(b), median(ratios), strings.Join(spread, " ")
	r.notes = append(r.notes, fmt.Sprintf("processor time each: ours %s, reference %s, ratio %.1f%%",
		middle(costs[0]).text, middle(costs[1]).text, 100*median(cheaper)))
	return r, nil
}

// outcome is one run: n things were done in span.
type outcome struct {
	n    int
	rate float64
	cost cost
}

func done(n int, began time.Time) outcome {
	return outcome{n: n, rate: float64(n) / time.Since(began).Seconds()}
}

func middle(c []cost) cost {
	c = slices.SortedFunc(slices.Values(c), func(a, b cost) int { return cmp.Compare(a.total, b.total) })
	return c[len(c)/2]
}

// prepared is called by a run that had to prepare something: what that cost does not count.
func (e *env) prepared() { e.before = e.usage() }

func (e *env) measured(ctx context.Context, f func(context.Context) (outcome, error)) (outcome, error) {
	e.before = e.usage()
	o, err := f(ctx)
	o.cost = e.usage().since(e.before, float64(o.n))
	return o, err
}

func (e *env) profiled(ctx context.Context, round int, f func(context.Context) (outcome, error)) (outcome, error) {
	if e.profile == "" {
		return e.measured(ctx, f)
	}
	w, err := os.Create(filepath.Join(e.profile, fmt.Sprintf("%s-%d.pprof", e.name, round)))
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = w.Close() }()
	if err := pprof.StartCPUProfile(w); err != nil {
		return outcome{}, err
	}
	defer pprof.StopCPUProfile()
	return e.measured(ctx, f)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
