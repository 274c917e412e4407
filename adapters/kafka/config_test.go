package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

func TestValidateNamesEverythingThatIsWrong(t *testing.T) {
	good := Config{Brokers: []string{"localhost:9092"}}
	if err := good.Validate(); err != nil {
		t.Errorf("a broker is enough, but: %v", err)
	}
	bad := Config{
		Brokers: []string{"localhost"}, Version: "new", TLS: TLS{CertFile: "c"}, SASL: SASL{Mechanism: "GSSAPI"},
		MaxInFlight: -1, Heartbeat: time.Minute,
	}
	err := bad.Validate()
	for _, word := range []string{"host:port", "version", "belong together", "not enabled", "GSSAPI", "max in flight", "heartbeat"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q is missing in: %v", word, err)
		}
	}
	if err := (Config{Brokers: good.Brokers, SASL: SASL{Mechanism: "PLAIN", User: "u"}}).Validate(); err == nil {
		t.Error("PLAIN without a password")
	}
}

func TestASubscriptionThatCanNeverWorkIsAnError(t *testing.T) {
	_, cfg := fake(t)
	s := NewSubscriber(cfg, quiet())
	h := func(context.Context, ports.Message) ports.Answer { return ports.Answer{} }
	for name, sub := range map[string]ports.Subscription{
		"no group":  {Topics: topicsOf(topic)},
		"no topic":  {Group: "g"},
		"bad topic": {Group: "g", Topics: topicsOf("a b")},
	} {
		if err := s.Subscribe(t.Context(), sub, h); !errors.Is(err, domain.ErrPermanent) {
			t.Errorf("%s: want ErrPermanent, got %v", name, err)
		}
	}
}

func TestTLSAndEverySASLMechanism(t *testing.T) {
	server, ca := certificates(t)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			_, cfg := fake(t, kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser(mechanism, "me", "secret"))
			cfg.TLS = TLS{Enable: true, CAFile: ca}
			cfg.SASL = SASL{Mechanism: mechanism, User: "me", Password: "secret"}
			p := startPublisher(t, cfg)
			box := newInbox(t)
			subscribe(t, cfg, ports.Subscription{Group: "g"}, box.handle)
			relay(t, p, 2, 2)
			box.await(4)
			if err := Ping(t.Context(), cfg); err != nil {
				t.Error(err)
			}
			wrong := cfg
			wrong.SASL.Password = "guessed"
			if err := Ping(t.Context(), wrong); err == nil {
				t.Error("a wrong password was accepted")
			}
			wrong = cfg
			wrong.TLS.CAFile = ""
			if err := Ping(t.Context(), wrong); err == nil {
				t.Error("an unknown CA was accepted")
			}
		})
	}
}

// TestARefusedPasswordSaysWhatToDo: with the error that a real broker answers (kfake only ends the connection).
func TestARefusedPasswordSaysWhatToDo(t *testing.T) {
	t.Parallel()
	var known *domain.Error
	err := unavailable(fmt.Errorf("connect: %w", sarama.Wrap(sarama.ErrOutOfBrokers, sarama.ErrSASLAuthenticationFailed)))
	if !errors.As(err, &known) || !strings.Contains(known.Advice, "KAFKA_SASL_PASSWORD") {
		t.Errorf("it says %v", err)
	}
}

// certificates makes a server's TLS configuration and a file with its CA.
func certificates(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func TestEnsureTopicsCreatesAndGrowsAndNeverShrinks(t *testing.T) {
	c, cfg := fake(t)
	for _, step := range []struct {
		partitions int32
		want       []string
		now        int
	}{
		{2, []string{"t: has 4 partitions, more than asked for; left as it is", "n: created with 2 partitions"}, 2},
		{2, []string{"t: has 4 partitions, more than asked for; left as it is", "n: has 2 partitions"}, 2},
		{6, []string{"t: grown from 4 to 6 partitions", "n: grown from 2 to 6 partitions"}, 6},
		{1, []string{"t: has 6 partitions, more than asked for; left as it is", "n: has 6 partitions, more than asked for; left as it is"}, 6},
	} {
		reports, err := EnsureTopics(t.Context(), cfg, step.partitions, 1, topicsOf(topic, "n"))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range reports {
			if r.String() != step.want[i] {
				t.Errorf("got %q, want %q", r, step.want[i])
			}
		}
		if n := len(c.PartitionInfos("n")); n != step.now {
			t.Errorf("n has %d partitions, want %d", n, step.now)
		}
	}
	if _, err := EnsureTopics(t.Context(), cfg, 0, 1, topicsOf("x")); !errors.Is(err, domain.ErrPermanent) {
		t.Errorf("no partitions: %v", err)
	}
	if _, err := EnsureTopics(t.Context(), cfg, 1, 1, topicsOf("a b")); !errors.Is(err, domain.ErrPermanent) {
		t.Errorf("bad name: %v", err)
	}
}
