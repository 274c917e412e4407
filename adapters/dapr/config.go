package dapr

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// Config says where the sidecar is and what its components are called.
type Config struct {
	Host            string // of the sidecar: loopback, unless it runs elsewhere
	HTTPPort        int    // DAPR_HTTP_PORT, for the health probe
	GRPCPort        int    // DAPR_GRPC_PORT, for everything else
	PubSub          string // component of the durable groups, group {appID}
	BroadcastPubSub string // component with a group of its own for each pod
	StateStore      string
	SecretStore     string
	AppToken        string // APP_API_TOKEN: what the sidecar sends to us; "" accepts every caller
	DaprToken       string // DAPR_API_TOKEN: what the sidecar wants from us; "" sends none
}

// DefaultConfig has Dapr's default ports and the names in deploy/dapr.
func DefaultConfig() Config {
	return Config{
		Host: "127.0.0.1", HTTPPort: 3500, GRPCPort: 50001,
		PubSub: "pubsub", BroadcastPubSub: "pubsub-broadcast",
		StateStore: "statestore", SecretStore: "secretstore",
	}
}

// Validate reports everything that is wrong, not only the first.
func (c Config) Validate() error {
	var errs []error
	for name, v := range map[string]string{
		"host": c.Host, "pub/sub component": c.PubSub, "broadcast pub/sub component": c.BroadcastPubSub,
		"state store component": c.StateStore, "secret store component": c.SecretStore,
	} {
		if v == "" {
			errs = append(errs, fmt.Errorf("dapr: the %s is empty", name))
		}
	}
	// One component is one consumer group: a broadcast on the durable one would be
	// shared out among the pods instead of reaching each.
	if c.PubSub != "" && c.PubSub == c.BroadcastPubSub {
		errs = append(errs, fmt.Errorf("dapr: durable and broadcast subscriptions need two components, both are %q", c.PubSub))
	}
	for name, p := range map[string]int{"DAPR_HTTP_PORT": c.HTTPPort, "DAPR_GRPC_PORT": c.GRPCPort} {
		if p < 1 || p > 65535 {
			errs = append(errs, fmt.Errorf("dapr: %s=%d is no port", name, p))
		}
	}
	return errors.Join(errs...)
}

func (c Config) grpcAddress() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.GRPCPort)) }
func (c Config) httpAddress() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.HTTPPort)) }
