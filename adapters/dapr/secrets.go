package dapr

import (
	"context"

	"github.com/tasktide/tasktide/core/domain"
)

// Secrets reads the sidecar's secret store.
type Secrets struct{ client *Client }

// NewSecrets returns the secret store over c.
func NewSecrets(c *Client) *Secrets { return &Secrets{client: c} }

// Get returns the entries of one secret, for instance those of app-secrets.
func (s *Secrets) Get(ctx context.Context, name string) (map[string]string, error) {
	api, err := s.client.dial()
	if err != nil {
		return nil, err
	}
	data, err := api.GetSecret(ctx, s.client.cfg.SecretStore, name, nil)
	if err != nil {
		return nil, domain.Unavailable(dependency, err)
	}
	return data, nil
}
