package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// KafkaOptions says where and how an Apache Kafka cluster runs.
type KafkaOptions struct {
	Dir      string            // data and logs; kept between starts
	Brokers  int               // default 1; each is also a controller
	JVM      []string          // nil: DefaultJVM
	Settings map[string]string // server settings, over ours
}

// DefaultJVM starts fast and stays small; a benchmark may want more heap, another collector and the second compiler.
func DefaultJVM() []string {
	return []string{"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}
}

// Kafka is one cluster.
type Kafka struct {
	brokers []*Broker
}

// Broker is one node of the cluster.
type Broker struct {
	*Server
	ID   int32
	Addr string
}

// Local test clusters never meet, so they can share a name.
const kafkaClusterID = "dGFza3RpZGUtdGVzdC0wMQ"

// NewKafka prepares the data directories (once) and starts the cluster.
func NewKafka(ctx context.Context, o KafkaOptions) (*Kafka, error) {
	if o.Brokers == 0 {
		o.Brokers = 1
	}
	if o.JVM == nil {
		o.JVM = DefaultJVM()
	}
	java, libs, err := kafkaPrograms(ctx)
	if err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	ports, err := FreePorts(2 * o.Brokers)
	if err != nil {
		return nil, err
	}
	k := &Kafka{}
	for i := range o.Brokers {
		n := newKafkaNode(o, i, ports)
		if err := n.prepare(ctx, java, libs); err != nil {
			return nil, fmt.Errorf("prepare Kafka in %s: %w", n.dir, err)
		}
		b := &Broker{ID: n.id, Addr: loopback(n.port)}
		b.Server = &Server{within: 60 * time.Second, command: n.command(java, libs),
			ready: func(ctx context.Context) error { return registered(ctx, b.Addr, b.ID) }}
		k.brokers = append(k.brokers, b)
	}
	return k, k.Start(ctx)
}

// Brokers are the addresses of all nodes.
func (k *Kafka) Brokers() []string {
	var all []string
	for _, b := range k.brokers {
		all = append(all, b.Addr)
	}
	return all
}

// Broker is one node, counted from 0.
func (k *Kafka) Broker(i int) *Broker { return k.brokers[i] }

// Start starts every node that does not run and waits until all answer; one alone could not: it needs a quorum.
func (k *Kafka) Start(ctx context.Context) error {
	for _, b := range k.brokers {
		if b.Running() {
			continue
		}
		if err := b.launch(); err != nil {
			return errors.Join(err, k.Kill())
		}
	}
	for _, b := range k.brokers {
		if err := b.Ready(ctx); err != nil {
			return errors.Join(err, k.Kill())
		}
	}
	return nil
}

// Stop stops all nodes in an orderly way, together: the last one alone would wait for its quorum.
func (k *Kafka) Stop() error { return k.each((*Server).Stop) }

// Kill ends all nodes at once.
func (k *Kafka) Kill() error { return k.each((*Server).Kill) }

// Pause freezes all nodes.
func (k *Kafka) Pause() error { return k.each((*Server).Pause) }

// Resume ends a Pause.
func (k *Kafka) Resume() error { return k.each((*Server).Resume) }

func (k *Kafka) each(do func(*Server) error) error {
	errs := make([]error, len(k.brokers))
	var all sync.WaitGroup
	for i, b := range k.brokers {
		all.Go(func() { errs[i] = do(b.Server) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// kafkaPrograms finds Java and the server's jars, which it has installed when they are not there.
func kafkaPrograms(ctx context.Context) (java, libs string, err error) {
	java, err = exec.LookPath("java")
	if err != nil {
		return "", "", fmt.Errorf("java (17 or later): %w", ErrMissing)
	}
	root, err := Root()
	if err != nil {
		return "", "", err
	}
	if err := ensureTool(ctx, "kafka"); err != nil {
		return "", "", err
	}
	pom, err := os.ReadFile(filepath.Join(root, "tools", "kafka", "pom.xml"))
	if err != nil {
		return "", "", err
	}
	_, rest, _ := strings.Cut(string(pom), "<kafka.version>")
	v, _, found := strings.Cut(rest, "<")
	if !found {
		return "", "", errors.New("tools/kafka/pom.xml names no kafka.version")
	}
	return java, filepath.Join(root, ".tools", "kafka-"+v, "libs"), nil
}

func quorumVoters(controllerPorts []int) string {
	var voters []string
	for i, port := range controllerPorts {
		voters = append(voters, strconv.Itoa(i+1)+"@"+loopback(port))
	}
	return strings.Join(voters, ",")
}
