package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	exchangeTimeout = 5 * time.Second
	exchangesAtOnce = 32
)

// Sessions exchanges session cookies for tokens at an issuer that speaks Better
// Auth's HTTP API. It may be called concurrently and remembers nothing.
type Sessions struct {
	url    string
	client *http.Client
}

// NewSessions exchanges at issuer, the address below which /api/auth is.
func NewSessions(issuer string) *Sessions {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = exchangesAtOnce, exchangesAtOnce
	// The issuer is told not to prolong the session: its new cookie would not get back to the browser.
	return &Sessions{url: strings.TrimRight(issuer, "/") + "/api/auth/token?disableRefresh=true", client: &http.Client{
		Timeout: exchangeTimeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a cookie goes nowhere else
	}}
}

// Exchange returns the token of the session whose cookie ("name=value") is given.
// Errors: domain.KindUnauthorized, domain.ErrUnavailable. None repeats the cookie.
func (s *Sessions) Exchange(ctx context.Context, cookie string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, http.NoBody)
	if err != nil {
		return "", err
	}
	request.Header.Set("Cookie", cookie)
	request.Header.Set("Accept", "application/json")
	response, err := s.client.Do(request)
	if err != nil {
		return "", domain.Unavailable("issuer", fmt.Errorf("exchange a session for a token: %w", err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 2*MaxToken))
	var answer struct {
		Token string `json:"token"`
	}
	switch {
	case err != nil:
		return "", domain.Unavailable("issuer", fmt.Errorf("exchange a session for a token: %w", err))
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return "", unauthorized("the session has ended or is not known; sign in again")
	case response.StatusCode != http.StatusOK:
		return "", domain.Unavailable("issuer", fmt.Errorf("the issuer's token route answers %s", response.Status))
	case json.Unmarshal(body, &answer) != nil || answer.Token == "":
		return "", domain.Unavailable("issuer", fmt.Errorf("the issuer's token route answers no token"))
	}
	return answer.Token, nil
}

// Close ends connections that are idle.
func (s *Sessions) Close() { s.client.CloseIdleConnections() }
