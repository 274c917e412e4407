package proxies

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tasktide/tasktide/test/cluster"
)

// startCaddy runs Caddy on the deployed file, below options of its own that keep it on this machine.
func startCaddy(t *testing.T, s *site, dir string, ports [2]int) {
	t.Helper()
	rewritten(t, "caddy/Caddyfile", filepath.Join(dir, "site"), "127.0.0.1:8000", "127.0.0.1:"+strconv.Itoa(s.service.Port))
	main := fmt.Sprintf("{\n\thttps_port %d\n\thttp_port %d\n\tdefault_bind 127.0.0.1\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tstorage file_system %s\n}\nimport %s\n",
		ports[0], ports[1], filepath.Join(dir, "caddy"), filepath.Join(dir, "site"))
	must(t, os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(main), 0o600))
	s.proxy = cluster.StartProgram(t, cluster.Command{
		Name: "caddy", Path: "caddy", Args: []string{"run", "--adapter", "caddyfile", "--config", filepath.Join(dir, "Caddyfile")},
		Env: append(cluster.BaseEnv(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir), Dir: dir, Log: filepath.Join(dir, "caddy.log"),
	}, func(ctx context.Context) error {
		root, err := os.ReadFile(filepath.Join(dir, "caddy", "pki", "authorities", "local", "root.crt"))
		if err != nil {
			return err
		}
		s.roots.AppendCertsFromPEM(root)
		return s.ready(ctx)
	})
}

// startNginx runs nginx on the deployed file, included as the package's nginx.conf does.
func startNginx(t *testing.T, s *site, dir string, ports [2]int) {
	t.Helper()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, certificate(s, cert, key))
	rewritten(t, "nginx/tasktide.conf", filepath.Join(dir, "tasktide.conf"),
		"127.0.0.1:8000", "127.0.0.1:"+strconv.Itoa(s.service.Port),
		"listen [::]:80;", "", "listen [::]:443 ssl default_server;", "", "listen [::]:443 ssl http2;", "",
		"listen 80;", "listen "+s.plain+";", "listen 443 ", "listen "+s.address+" ",
		"/etc/letsencrypt/live/tasks.example.org/fullchain.pem", cert, "/etc/letsencrypt/live/tasks.example.org/privkey.pem", key)
	main := fmt.Sprintf("daemon off;\npid %[1]s/nginx.pid;\nerror_log stderr;\n%[2]sevents {}\nhttp {\n\taccess_log off;\n", dir, user())
	for _, temp := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		main += fmt.Sprintf("\t%s_temp_path %s/%s;\n", temp, dir, temp)
	}
	must(t, os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(main+"\tinclude "+dir+"/tasktide.conf;\n}\n"), 0o600))
	s.proxy = cluster.StartProgram(t, cluster.Command{
		Name: "nginx", Path: "nginx", Args: []string{"-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf")},
		Env: cluster.BaseEnv(), Dir: dir, Log: filepath.Join(dir, "nginx.log"),
	}, s.ready)
}

// user lets workers of a root's nginx into the test's folder.
func user() string {
	if os.Geteuid() == 0 {
		return "user root;\n"
	}
	return ""
}

// certificate writes one for the site that signs itself, and has clients trust it.
func certificate(s *site, cert, key string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	s.roots.AppendCertsFromPEM(public)
	return errors.Join(os.WriteFile(cert, public, 0o600), os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}
