package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/IBM/sarama"
)

// base is what producer, consumers and admin share. It reads the TLS files.
func (c Config) base() (*sarama.Config, error) {
	s := sarama.NewConfig()
	v, err := sarama.ParseKafkaVersion(c.Version)
	if err != nil {
		return nil, err
	}
	s.Version, s.ClientID = v, c.ClientID
	s.Net.DialTimeout, s.Net.ReadTimeout, s.Net.WriteTimeout = 5*time.Second, 10*time.Second, 10*time.Second
	s.Metadata.AllowAutoTopicCreation = false // a misspelt topic must not come to life with one partition
	s.Metadata.RefreshFrequency = c.MetadataRefresh
	s.Metadata.Retry.Max, s.Metadata.Retry.Backoff = 3, 100*time.Millisecond
	if c.Dial != nil {
		s.Net.Proxy.Enable, s.Net.Proxy.Dialer = true, dialer(c.Dial)
	}
	if c.TLS.Enable {
		s.Net.TLS.Enable = true
		if s.Net.TLS.Config, err = c.TLS.load(); err != nil {
			return nil, err
		}
	}
	if c.SASL.Mechanism != "" {
		s.Net.SASL.Enable, s.Net.SASL.Handshake, s.Net.SASL.Version = true, true, sarama.SASLHandshakeV1
		s.Net.SASL.Mechanism = sarama.SASLMechanism(c.SASL.Mechanism)
		s.Net.SASL.User, s.Net.SASL.Password = c.SASL.User, c.SASL.Password
		s.Net.SASL.SCRAMClientGeneratorFunc = scramFor(c.SASL.Mechanism)
	}
	return s, nil
}

func (c Config) producer() (*sarama.Config, error) {
	s, err := c.base()
	if err != nil {
		return nil, err
	}
	p := &s.Producer
	p.Idempotent, p.RequiredAcks, s.Net.MaxOpenRequests = true, sarama.WaitForAll, 1
	p.Partitioner = sarama.NewHashPartitioner // FNV-1a with Sarama's sign rule: what Dapr uses
	p.Return.Successes, p.Return.Errors = true, true
	p.MaxMessageBytes = c.MaxMessageBytes
	p.Timeout = 5 * time.Second
	p.Retry.Max, p.Retry.Backoff = 8, 100*time.Millisecond
	// Records come in waves (of a relay, of a fetch): without a wait the first of a
	// wave would leave in a request of its own, which costs the broker and every
	// consumer as much as one with all of them. What is a wave by itself doesn't wait.
	p.Flush.Frequency, p.Flush.Messages = 2*time.Millisecond, 256
	return s, nil
}

func (c Config) consumer() (*sarama.Config, error) {
	s, err := c.base()
	if err != nil {
		return nil, err
	}
	// The answer to JoinGroup comes when the slowest member has drained.
	s.Net.ReadTimeout = c.RebalanceTimeout + 10*time.Second
	k := &s.Consumer
	k.Return.Errors = true
	k.Offsets.Initial = sarama.OffsetOldest
	k.Offsets.AutoCommit.Enable, k.Offsets.AutoCommit.Interval = true, c.CommitInterval // commits what is marked, and only the low-water mark is
	k.MaxWaitTime = 250 * time.Millisecond
	// A full dispatcher holds back the broker's other partitions at most this long
	// twice; then Sarama takes its partition out of the fetches.
	k.MaxProcessingTime = 20 * time.Millisecond
	k.Retry.Backoff = 200 * time.Millisecond
	g := &k.Group
	g.Session.Timeout, g.Heartbeat.Interval = c.SessionTimeout, c.Heartbeat
	g.Rebalance.Timeout = c.RebalanceTimeout
	g.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	// A committed offset that the broker no longer has leads to the oldest record:
	// some are delivered again, none is skipped.
	g.ResetInvalidOffsets = true
	return s, nil
}

func (t TLS) load() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the brokers' CA: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the brokers' CA: no certificate in %s", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the client certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{cert}
	}
	return out, nil
}

type dialer func(network, addr string) (net.Conn, error)

func (d dialer) Dial(network, addr string) (net.Conn, error) { return d(network, addr) }
