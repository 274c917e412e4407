package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.yaml.in/yaml/v3"
)

// TestASidecarReachesABrokerWithTLSAndAPassword by the components of deploy/dapr-production: a real daprd, with the address replaced,
// and the patch for an authority of one's own taken in. (kfake is the broker: it speaks TLS and SCRAM.)
func TestASidecarReachesABrokerWithTLSAndAPassword(t *testing.T) {
	t.Parallel()
	certificate, authority := authority(t)
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "task-updates"), kfake.TLS(certificate), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "tasktide", "right"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	for name, c := range map[string]struct {
		password string
		want     int
	}{"the right password": {"right", http.StatusNoContent}, "a wrong one": {"wrong", 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files, err := RenderDapr(dir, Addresses{Brokers: broker.ListenAddrs(), DatabaseURL: "postgres://unused"})
			if err != nil {
				t.Fatal(err)
			}
			for _, other := range []string{"statestore.yaml", "cron-binding.yaml"} { // their servers are not here
				if err := os.Remove(filepath.Join(files.Resources, other)); err != nil {
					t.Fatal(err)
				}
			}
			productionComponents(t, files.Resources, broker.ListenAddrs()[0])
			secrets, err := json.Marshal(map[string]map[string]string{"app-secrets": {"KAFKA_SASL_USER": "tasktide", "KAFKA_SASL_PASSWORD": c.password, "KAFKA_CA": authority}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "secrets.json"), secrets, 0o600); err != nil {
				t.Fatal(err)
			}
			must(t, ensureTool(t.Context(), "daprd"))
			d, err := NewDaprd(t.Context(), DaprdOptions{AppID: "websocket-service", Dir: dir, Dapr: files, Args: []string{"--app-port", "0"}})
			if d != nil {
				t.Cleanup(func() { _ = d.Kill() })
			}
			if c.want == 0 { // it ends, or it refuses what is published
				if err == nil && publish(t, d) == http.StatusNoContent {
					t.Error("it published with a wrong password")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if status := publish(t, d); status != c.want {
				t.Errorf("status %d; end of its log:\n%s", status, d.Process().Tail(2000))
			}
		})
	}
}

func publish(t *testing.T, d *Daprd) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL()+"/v1.0/publish/pubsub/task-updates?metadata.rawPayload=true&metadata.partitionKey=alice", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// productionComponents replaces the components of the plain broker, in folder.
func productionComponents(t *testing.T, folder, address string) {
	t.Helper()
	top, err := Root()
	must(t, err)
	dir := t.TempDir()
	for _, source := range []string{"dapr", "dapr-production"} {
		if err := os.CopyFS(filepath.Join(dir, source), os.DirFS(filepath.Join(top, "deploy", source))); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "dapr-production", "kustomization.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("  # - target", "  - target", "  #   path", "    path", "broker.example.org:9093", address).Replace(string(b))
	if strings.Count(text, "  - target") != 3 {
		t.Fatalf("the patch for an own authority is not in\n%s", text)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "run", "./kustomize", filepath.Dir(file))
	build.Dir, build.Env = filepath.Join(top, "test", "deploy"), append(os.Environ(), "GOWORK=off")
	built, err := build.Output()
	must(t, err)
	for doc := range strings.SplitSeq(string(built), "\n---\n") {
		var c component
		must(t, yaml.Unmarshal([]byte(doc), &c))
		if strings.HasPrefix(c.Metadata.Name, "pubsub") {
			must(t, os.WriteFile(filepath.Join(folder, c.Metadata.Name+".yaml"), []byte(doc), 0o600))
		}
	}
}

// authority makes a server's certificate that is its own authority.
func authority(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "broker"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
