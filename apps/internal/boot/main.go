package boot

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"go.uber.org/fx"

	"github.com/tasktide/tasktide/core/domain"
)

// Main is a service's main function: it runs the service, or asks a running one
// for its health ("health", for container health checks). It returns the exit code.
func Main(service domain.Service, module fx.Option) int {
	return command(service, func(cfg Config) int { return Run(cfg, module, Last()) })
}

// MainFrontend is the main function of the gateway, which shares neither transport nor
// database with the services.
func MainFrontend() int {
	return command(Frontend, func(cfg Config) int { return run(foundation(cfg), gatewayModule()) })
}

func command(service domain.Service, serve func(Config) int) int {
	file := flag.String("config", "", "a file of NAME=value lines")
	flag.Parse()
	cfg, err := Load(service, *file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	switch flag.Arg(0) {
	case "":
		return serve(cfg)
	case "health":
		if err := Health(cfg, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: unknown command %q; there is only health\n", service, flag.Arg(0))
	return 2
}

// Health asks the process that listens on the configured address whether it is
// ready, and prints its answer.
func Health(cfg Config, w io.Writer) error {
	if cfg.APIHost == "0.0.0.0" || cfg.APIHost == "::" {
		cfg.APIHost = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Address()+"/ready", nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers on %s: %w", cfg.Address(), err)
	}
	defer func() { _ = r.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	_, _ = fmt.Fprintf(w, "%s\n", body)
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready (%s)", r.Status)
	}
	return nil
}
