package dapr

import (
	"context"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"

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
	res, err := api.GetSecret(ctx, &runtimev1.GetSecretRequest{StoreName: s.client.cfg.SecretStore, Key: name})
	if err != nil {
		return nil, domain.Unavailable(dependency, err)
	}
	return res.GetData(), nil
}
