package cluster

import (
	"context"
	"path/filepath"
	"strconv"
	"time"
)

// DaprdOptions says for which application a Dapr sidecar runs, and how.
type DaprdOptions struct {
	AppID   string
	AppPort int    // where the application's gRPC server for its sidecar listens
	Dir     string // log
	Dapr    RenderedDapr
	PodName string // what {podName} stands for; default: the app id with -0

	Instance string // the log file's name; default: the app id

	HTTPPort, GRPCPort int // 0: free ones

	AppToken string // the sidecar shows it to the application (APP_API_TOKEN)
	APIToken string // the application must show it to the sidecar (DAPR_API_TOKEN); empty: none

	MaxMessageBytes  int           // the broker's limit; default 1 MiB
	BlockShutdown    time.Duration // keep the API for so long after SIGTERM while the application drains
	GracefulShutdown time.Duration // default 5 s, in whole seconds
	Sentry           *Sentry       // nil: no TLS between sidecars
	AppHealth        *AppHealth    // nil: the application's health is not asked
	LogLevel         string        // default info
	Args             []string      // in addition
}

// AppHealth makes the sidecar stop deliveries while the application says that it is not well.
type AppHealth struct {
	ProbeInterval time.Duration // whole seconds
	ProbeTimeout  time.Duration
	Threshold     int
}

// Daprd is one sidecar. Started means: its API is open and its components work. It waits for the application's port
// then, and takes deliveries only after that: see Connected.
type Daprd struct {
	*Server
	HTTPPort, GRPCPort int
	InternalPort       int // where other sidecars call
}

// NewDaprd starts a sidecar. The binary is built when it is not there.
func NewDaprd(ctx context.Context, o DaprdOptions) (*Daprd, error) {
	if err := ensureTool(ctx, "daprd"); err != nil {
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
	o.withDefaults(ports)
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	d := &Daprd{HTTPPort: o.HTTPPort, GRPCPort: o.GRPCPort, InternalPort: ports[2]}
	d.Server = &Server{within: 30 * time.Second, ready: answers(d.URL() + "/v1.0/healthz/outbound"), command: Command{
		Name: "daprd of " + o.Instance, Path: filepath.Join(root, ".tools", "bin", "daprd"), Args: o.args(ports[2]), Dir: dir,
		Env: o.env(), Log: filepath.Join(dir, "daprd-"+o.Instance+".log"),
		StopWithin: o.BlockShutdown + o.GracefulShutdown + 10*time.Second,
	}}
	return d, d.Start(ctx)
}

// URL is the address of the sidecar's HTTP API.
func (d *Daprd) URL() string { return "http://" + loopback(d.HTTPPort) }

// Connected waits until the sidecar has reached the application and is fully healthy.
func (d *Daprd) Connected(ctx context.Context) error {
	return d.Await(ctx, 30*time.Second, answers(d.URL()+"/v1.0/healthz"))
}

func (o *DaprdOptions) withDefaults(ports []int) {
	if o.HTTPPort == 0 {
		o.HTTPPort = ports[0]
	}
	if o.GRPCPort == 0 {
		o.GRPCPort = ports[1]
	}
	if o.Instance == "" {
		o.Instance = o.AppID
	}
	if o.PodName == "" {
		o.PodName = o.AppID + "-0"
	}
	if o.MaxMessageBytes == 0 {
		o.MaxMessageBytes = 1 << 20
	}
	if o.GracefulShutdown == 0 {
		o.GracefulShutdown = 5 * time.Second
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
}

// defaultBody is what daprd allows for a request unless told otherwise.
const defaultBody = 4 << 20

func (o *DaprdOptions) args(internalPort int) []string {
	args := []string{
		"--mode", "standalone", "--app-id", o.AppID, "--app-protocol", "grpc",
		"--app-port", strconv.Itoa(o.AppPort), "--app-channel-address", "127.0.0.1",
		"--dapr-http-port", strconv.Itoa(o.HTTPPort), "--dapr-grpc-port", strconv.Itoa(o.GRPCPort),
		"--dapr-listen-addresses", "127.0.0.1",
		"--dapr-internal-grpc-port", strconv.Itoa(internalPort), "--dapr-internal-grpc-listen-address", "127.0.0.1",
		"--resources-path", o.Dapr.Resources, "--config", o.Dapr.Config,
		"--dapr-graceful-shutdown-seconds", strconv.Itoa(int(o.GracefulShutdown.Seconds())),
		// What is published over its HTTP API may be base64 in JSON: 4 bytes for 3, and the frame.
		"--max-body-size", strconv.Itoa(max(defaultBody, o.MaxMessageBytes*14/10)),
		"--enable-metrics=false", "--log-level", o.LogLevel,
		// No actors, no workflows, no jobs: the control plane's services stay away.
		"--placement-host-address", "", "--scheduler-host-address", "",
	}
	if o.BlockShutdown > 0 {
		args = append(args, "--dapr-block-shutdown-duration", o.BlockShutdown.String())
	}
	if o.Sentry != nil {
		args = append(args, "--enable-mtls", "--sentry-address", o.Sentry.Address)
	}
	if h := o.AppHealth; h != nil {
		args = append(args, "--enable-app-health-check",
			"--app-health-probe-interval", strconv.Itoa(int(h.ProbeInterval.Seconds())),
			"--app-health-probe-timeout", strconv.Itoa(int(h.ProbeTimeout.Milliseconds())),
			"--app-health-threshold", strconv.Itoa(h.Threshold))
	}
	return append(args, o.Args...)
}

func (o *DaprdOptions) env() []string {
	// PGAPPNAME is how its connections are called in pg_stat_activity.
	env := BaseEnv("POD_NAME="+o.PodName, "NAMESPACE=default", "DAPR_HOST_IP=127.0.0.1", "PGAPPNAME=daprd-"+o.Instance)
	if o.AppToken != "" {
		env = append(env, "APP_API_TOKEN="+o.AppToken)
	}
	if o.Sentry != nil {
		env = append(env, "DAPR_TRUST_ANCHORS="+o.Sentry.anchors, "DAPR_CONTROLPLANE_NAMESPACE=default", "DAPR_CONTROLPLANE_TRUST_DOMAIN=localhost")
	}
	if o.APIToken != "" {
		env = append(env, "DAPR_API_TOKEN="+o.APIToken)
	}
	return env
}
