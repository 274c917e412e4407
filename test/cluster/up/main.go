// Command up runs the whole system on this machine, with a real PostgreSQL and a real Kafka (and Dapr sidecars), until
// it is interrupted. Its data stays in ./.cluster/<transport>.
// A process that ends by itself, or is killed, is started again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "up:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	transport := flags.String("transport", "kafka", "kafka or dapr")
	dir := flags.String("dir", "", "data, logs and secrets (default .cluster/<transport>)")
	services := flags.String("services", "", "services to start, comma separated (default: all)")
	partitions := flags.Int("partitions", 8, "partitions of each topic")
	brokers := flags.Int("brokers", 1, "number of Kafka brokers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o := cluster.Options{Transport: *transport, Dir: *dir, Partitions: *partitions, Brokers: *brokers, KnownPorts: true,
		Log: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	if *services != "" {
		o.Services = strings.Split(*services, ",")
	}
	if o.Dir == "" {
		root, err := cluster.Root()
		if err != nil {
			return err
		}
		o.Dir = filepath.Join(root, ".cluster", *transport)
	}
	return serve(ctx, o)
}

func serve(ctx context.Context, o cluster.Options) error {
	c, err := cluster.Up(ctx, o)
	if err != nil {
		return err
	}
	describe(c)
	supervise(ctx, c)
	fmt.Println("\nstopping ...")
	return c.Stop()
}

// supervise starts what ended again, until ctx ends and nothing is being started any more.
func supervise(ctx context.Context, c *cluster.Cluster) {
	var all sync.WaitGroup
	for _, s := range c.Servers() {
		all.Go(func() {
			for {
				p := s.Process()
				select {
				case <-ctx.Done():
					return
				case <-p.Done():
				}
				fmt.Printf("%v; starting it again\n", p.Exited())
				for err := s.Start(ctx); err != nil; err = s.Start(ctx) {
					fmt.Println("  not yet:", err)
					select {
					case <-ctx.Done():
						return
					case <-time.After(time.Second):
					}
				}
			}
		})
	}
	all.Wait()
}

func describe(c *cluster.Cluster) {
	fmt.Printf("\nTasktide runs (%s) at %s\n\n", c.Transport, c.PublicURL())
	if link := c.FirstRun(); link != "" {
		fmt.Printf("The first operator's account is made with this link, once, within a day:\n  %s\n\n", link)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		fmt.Printf("  %-22s %s\n", name, c.URL(name))
	}
	fmt.Printf("  %-22s %s\n", "PostgreSQL", c.DatabaseURL())
	fmt.Printf("  %-22s %s\n", "Kafka", strings.Join(c.Kafka.Brokers(), ","))
	for _, name := range slices.Sorted(maps.Keys(c.Sidecars)) {
		fmt.Printf("  %-22s %s\n", "daprd "+name, c.Sidecars[name].URL())
	}
	fmt.Printf("\nA token for alice:\n  JWT_SECRET_FILE=%s %s token --user alice\n\nLogs:\n",
		c.JWTSecretFile, filepath.Join(c.Dir, "bin", "tasktide"))
	for _, s := range c.Servers() {
		fmt.Println("  " + s.LogFile())
	}
	fmt.Println("\nCtrl-C stops everything; the data stays in " + c.Dir)
}
