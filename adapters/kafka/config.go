package kafka

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/IBM/sarama"
)

// Config says how to reach the brokers and how much to take on. The zero value
// of everything but Brokers is usable; the defaults are in withDefaults.
type Config struct {
	Brokers  []string // host:port, at least one
	ClientID string   // default "tasktide"
	Version  string   // protocol version, default "2.8.0"; every broker since then serves it
	TLS      TLS
	SASL     SASL

	// MaxMessageBytes is the largest record with its overhead, default 1 MiB. It
	// must not exceed the broker's message.max.bytes.
	MaxMessageBytes int
	// PublishWait is how long Publish waits for a connection before it answers
	// Unavailable, default 5 s; a record on its way is not affected.
	PublishWait time.Duration

	MaxInFlight int // handlers at once for one partition, default 128: what is in flight together is written together
	Window      int // records taken from one partition and not done, default 1024
	WindowBytes int // their bytes, default 8 MiB; one record always fits

	SessionTimeout   time.Duration // a silent member is given up after, default 10 s
	Heartbeat        time.Duration // default 1 s: how soon a rebalance is noticed
	RebalanceTimeout time.Duration // how long members may drain, default 20 s
	CommitInterval   time.Duration // default 500 ms
	MetadataRefresh  time.Duration // how soon new partitions are found, default 30 s

	// Dial opens connections (a proxy, or a test that cuts the network); nil: the
	// net package.
	Dial func(network, addr string) (net.Conn, error)
}

// TLS encrypts the connections. Server certificates are always verified.
type TLS struct {
	Enable            bool
	CAFile            string // default: the system's roots
	CertFile, KeyFile string // the client's certificate; both or none
}

// SASL authenticates the connections. An empty Mechanism is no authentication.
type SASL struct {
	Mechanism      string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
	User, Password string
}

// Validate returns everything that is wrong with the configuration, joined. It
// does no I/O: files are read when a connection is made.
func (c Config) Validate() error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("kafka: "+format, args...))
		}
	}
	bad(len(c.Brokers) == 0, "brokers: at least one host:port is needed")
	for _, b := range c.Brokers {
		_, _, err := net.SplitHostPort(b)
		bad(err != nil, "brokers: %q is not host:port", b)
	}
	if c.Version != "" {
		v, err := sarama.ParseKafkaVersion(c.Version)
		bad(err != nil || !v.IsAtLeast(sarama.V2_3_0_0), "version: %q is not a Kafka version from 2.3.0 on", c.Version)
	}
	bad((c.TLS.CertFile == "") != (c.TLS.KeyFile == ""), "tls: certificate and key belong together")
	bad(!c.TLS.Enable && (c.TLS.CAFile != "" || c.TLS.CertFile != ""), "tls: files are given, but TLS is not enabled")
	switch c.SASL.Mechanism {
	case "":
		bad(c.SASL.User != "" || c.SASL.Password != "", "sasl: user or password without a mechanism")
	case sarama.SASLTypePlaintext, sarama.SASLTypeSCRAMSHA256, sarama.SASLTypeSCRAMSHA512:
		bad(c.SASL.User == "" || c.SASL.Password == "", "sasl: %s needs user and password", c.SASL.Mechanism)
	default:
		bad(true, "sasl: mechanism %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", c.SASL.Mechanism)
	}
	for name, n := range map[string]int{
		"max message bytes": c.MaxMessageBytes, "max in flight": c.MaxInFlight, "window": c.Window, "window bytes": c.WindowBytes,
	} {
		bad(n < 0, "%s: %d is negative", name, n)
	}
	d := c.withDefaults()
	bad(d.Heartbeat*3 > d.SessionTimeout, "heartbeat: %s is more than a third of the session timeout %s", d.Heartbeat, d.SessionTimeout)
	bad(d.RebalanceTimeout < d.Heartbeat*2, "rebalance timeout: %s is less than two heartbeats of %s", d.RebalanceTimeout, d.Heartbeat)
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	or(&c.ClientID, "tasktide")
	or(&c.Version, "2.8.0")
	or(&c.MaxMessageBytes, 1<<20)
	or(&c.PublishWait, 5*time.Second)
	or(&c.MaxInFlight, 128)
	or(&c.Window, 1024)
	or(&c.WindowBytes, 8<<20)
	or(&c.SessionTimeout, 10*time.Second)
	or(&c.Heartbeat, time.Second)
	or(&c.RebalanceTimeout, 20*time.Second)
	or(&c.CommitInterval, 500*time.Millisecond)
	or(&c.MetadataRefresh, 30*time.Second)
	return c
}

func or[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
