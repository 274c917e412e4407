package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/MicahParks/jwkset"
)

// The algorithms that are accepted.
const (
	algHS256 = "HS256"
	algEdDSA = "EdDSA"
	algES256 = "ES256"
	algRS256 = "RS256"
)

const (
	fetchTimeout = 5 * time.Second
	maxKeySet    = 1 << 20
	minRSABits   = 2048
)

type key struct {
	alg string
	key any
}

// parseKeys reads a JWKS document. Keys that are not for verifying, of an unknown
// kind or too weak are passed over; a document without any other key is an error.
func parseKeys(document []byte) (map[string]key, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, fmt.Errorf("the key set is not JWKS: %w", err)
	}
	keys := make(map[string]key, len(set.Keys))
	for _, m := range set.Keys {
		if m.USE != "" && m.USE != jwkset.UseSig || m.KTY == jwkset.KtyOct {
			continue
		}
		jwk, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true})
		if err != nil {
			continue
		}
		alg := algorithm(jwk.Key())
		if _, twice := keys[m.KID]; alg == "" || twice || m.ALG != "" && m.ALG.String() != alg {
			continue
		}
		keys[m.KID] = key{alg: alg, key: jwk.Key()}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no EdDSA, ES256 or RS256 key")
	}
	return keys, nil
}

// algorithm is the one that a public key is for; "" for none that is accepted.
func algorithm(public any) string {
	switch k := public.(type) {
	case ed25519.PublicKey:
		return algEdDSA
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return algES256
		}
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSABits {
			return algRS256
		}
	}
	return ""
}

// httpFetch gets a key set over HTTP.
func httpFetch(url string, client *http.Client) func(context.Context) ([]byte, error) {
	if client == nil {
		client = &http.Client{Timeout: fetchTimeout}
	}
	return func(ctx context.Context) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Accept", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answers %s", url, response.Status)
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
		if err == nil && len(body) > maxKeySet {
			err = fmt.Errorf("%s answers more than %d bytes", url, maxKeySet)
		}
		return body, err
	}
}
