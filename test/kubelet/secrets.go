package kubelet

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"sync"
)

// Secrets are the namespace's. A nil one is empty.
type Secrets struct {
	mu  sync.Mutex
	all map[string]map[string]string // by name and key
}

// Set gives a secret these keys beside those that it has. One that is not there is made.
func (s *Secrets) Set(name string, keys map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]map[string]string{}
	}
	if s.all[name] == nil {
		s.all[name] = map[string]string{}
	}
	maps.Copy(s.all[name], keys)
}

// Remove takes a key away.
func (s *Secrets) Remove(name, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all[name], key)
}

// get says what kubelet would where the key is not there.
func (s *Secrets) get(of SecretKey) (string, error) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if value, has := s.all[of.Name][of.Key]; has {
			return value, nil
		}
	}
	return "", fmt.Errorf("couldn't find key %s in Secret default/%s", of.Key, of.Name)
}

// APIServer is so much of it as a sidecar asks for: GET of one secret.
func (s *Secrets) APIServer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/namespaces/default/secrets/{name}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		keys, has := s.all[r.PathValue("name")]
		if !has {
			http.NotFound(w, r)
			return
		}
		data := map[string][]byte{}
		for key, value := range keys {
			data[key] = []byte(value)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": r.PathValue("name"), "namespace": "default"}, "data": data,
		})
	})
	return mux
}

// WriteKubeConfig writes a file by which clients find the API server at url.
func WriteKubeConfig(file, url string) error {
	return os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
  - {name: here, cluster: {server: %q}}
contexts:
  - {name: here, context: {cluster: here, namespace: default}}
current-context: here
`, url), 0o600)
}
