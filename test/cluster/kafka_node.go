package cluster

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kafkaNode is the configuration of one broker.
type kafkaNode struct {
	id       int32
	port     int
	dir      string
	jvm      []string
	settings map[string]string
}

// newKafkaNode configures node i; the first half of the ports is for clients, the second for the quorum.
func newKafkaNode(o KafkaOptions, i int, ports []int) kafkaNode {
	id := i + 1
	n := kafkaNode{id: int32(id), port: ports[i], dir: filepath.Join(o.Dir, "broker-"+strconv.Itoa(id)), jvm: o.JVM}
	replicas, inSync := strconv.Itoa(min(o.Brokers, 3)), strconv.Itoa(min(o.Brokers, 2))
	n.settings = map[string]string{
		"process.roles":             "broker,controller",
		"node.id":                   strconv.Itoa(id),
		"controller.quorum.voters":  quorumVoters(ports[o.Brokers:]),
		"controller.listener.names": "CONTROLLER",
		"listeners": fmt.Sprintf("PLAINTEXT://%s,CONTROLLER://%s",
			loopback(ports[i]), loopback(ports[o.Brokers+i])),
		"log.dirs": filepath.Join(n.dir, "data"),

		"auto.create.topics.enable":                "false", // a topic that nobody asked for hides a mistake
		"default.replication.factor":               replicas,
		"min.insync.replicas":                      inSync,
		"offsets.topic.replication.factor":         replicas,
		"offsets.topic.num.partitions":             "4", // the default of 50 costs a second at the first use
		"transaction.state.log.replication.factor": replicas,
		"transaction.state.log.min.isr":            inSync,
		"transaction.state.log.num.partitions":     "4",

		// A broker that was killed cannot register again before its old registration has expired (9 s by default).
		"broker.session.timeout.ms":    "3000",
		"broker.heartbeat.interval.ms": "500",

		"group.initial.rebalance.delay.ms": "0",    // the default waits 3 s for more members
		"group.min.session.timeout.ms":     "1000", // tests of dead members should not take long
	}
	maps.Copy(n.settings, o.Settings)
	return n
}

const log4j = `<Configuration status="error">
  <Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`

// prepare writes the configuration, and formats the storage when it is new.
func (n kafkaNode) prepare(ctx context.Context, java, libs string) error {
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return err
	}
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(n.settings)) {
		fmt.Fprintf(&b, "%s=%s\n", k, n.settings[k])
	}
	if err := os.WriteFile(n.properties(), []byte(b.String()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(n.log4j(), []byte(log4j), 0o644); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(n.settings["log.dirs"], "meta.properties")); err == nil {
		return nil
	}
	return runOnce(ctx, nil, n.dir, java, append(n.javaArgs(libs),
		"kafka.tools.StorageTool", "format", "-t", kafkaClusterID, "-c", n.properties())...)
}

func (n kafkaNode) properties() string { return filepath.Join(n.dir, "server.properties") }
func (n kafkaNode) log4j() string      { return filepath.Join(n.dir, "log4j2.xml") }

func (n kafkaNode) javaArgs(libs string) []string {
	return append(slices.Clone(n.jvm), "-Dlog4j2.configurationFile="+n.log4j(), "-cp", filepath.Join(libs, "*"))
}

func (n kafkaNode) command(java, libs string) Command {
	return Command{
		Name: fmt.Sprintf("kafka broker %d", n.id), Path: java, Dir: n.dir, Env: BaseEnv(),
		Args: append(n.javaArgs(libs), "kafka.Kafka", n.properties()),
		Log:  filepath.Join(n.dir, "kafka.log"), StopWithin: 30 * time.Second,
	}
}
