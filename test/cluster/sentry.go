package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// sentryConfig is what Dapr's own installation has.
const sentryConfig = `apiVersion: dapr.io/v1alpha1
kind: Configuration
metadata:
  name: daprsystem
spec:
  mtls:
    enabled: true
    workloadCertTTL: "24h"
    allowedClockSkew: "15m"
`

// Sentry is Dapr's certificate authority: sidecars that are given one speak mutual TLS among each other. Self-hosted it believes
// each sidecar the name that it says; in Kubernetes it asks the API server whose token that is.
type Sentry struct {
	*Server
	Address string
	anchors string
}

// NewSentry starts one, with a root of its own in dir.
func NewSentry(ctx context.Context, dir string) (*Sentry, error) {
	if err := ensureTool(ctx, "sentry"); err != nil {
		return nil, err
	}
	root, err := Root()
	if err != nil {
		return nil, err
	}
	ports, err := FreePorts(3)
	if err != nil {
		return nil, err
	}
	config, issuer := filepath.Join(dir, "daprsystem.yaml"), filepath.Join(dir, "issuer")
	if err := os.MkdirAll(issuer, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, []byte(sentryConfig), 0o600); err != nil {
		return nil, err
	}
	s := &Sentry{Address: loopback(ports[0])}
	s.Server = &Server{within: 30 * time.Second, ready: answers(fmt.Sprintf("http://%s/healthz", loopback(ports[1]))), command: Command{
		Name: "sentry", Path: filepath.Join(root, ".tools", "bin", "sentry"), Dir: dir, Log: filepath.Join(dir, "sentry.log"), Env: BaseEnv("NAMESPACE=default"),
		Args: []string{
			"--mode", "standalone", "--config", config, "--issuer-credentials", issuer, "--trust-domain", "localhost",
			"--listen-address", "127.0.0.1", "--port", strconv.Itoa(ports[0]),
			"--healthz-listen-address", "127.0.0.1", "--healthz-port", strconv.Itoa(ports[1]),
			"--metrics-listen-address", "127.0.0.1", "--metrics-port", strconv.Itoa(ports[2]),
		},
	}}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	anchors, err := os.ReadFile(filepath.Join(issuer, "ca.crt"))
	s.anchors = string(anchors)
	return s, err
}
