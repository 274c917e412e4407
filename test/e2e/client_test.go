package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client is one user's.
type client struct {
	base, user, token string
	http              http.Client
	key               string // an Idempotency-Key for POST; empty: none
}

func newClient(base, user, token string) *client {
	return &client{base: base, user: user, token: token, http: http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 2},
	}}
}

// once sends one request and reads the whole answer. An error means that there was none: whether the request had an
// effect is unknown.
func (c *client) once(ctx context.Context, method, path string, body any, ifMatch string) (int, []byte, error) {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		payload = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if method == http.MethodPost && c.key != "" {
		r.Header["idempotency-key"] = []string{c.key} // spelt so, http.Transport does not repeat the request without a word
	}
	if ifMatch != "" {
		r.Header.Set("If-Match", ifMatch)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	return answer.StatusCode, b, err
}

// lost says whether an answer leaves the outcome open: none came, or the server says that it failed.
func lost(status int, err error) bool { return err != nil || status >= 500 }

// read repeats a GET until it is answered.
func (c *client) read(ctx context.Context, path string) (int, []byte, error) {
	deadline, wait := time.Now().Add(90*time.Second), 20*time.Millisecond
	for {
		status, body, err := c.once(ctx, "GET", path, nil, "")
		if !lost(status, err) {
			return status, body, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return 0, nil, fmt.Errorf("GET %s is not answered: status %d, %s, %w", path, status, body, err)
		}
		time.Sleep(wait)
		wait = min(2*wait, 300*time.Millisecond)
	}
}

// list reads an array.
func (c *client) list(ctx context.Context, path string) ([]object, error) {
	status, body, err := c.read(ctx, path)
	if err != nil {
		return nil, err
	}
	var out []object
	if status != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d %s", path, status, body)
	}
	return out, json.Unmarshal(body, &out)
}

// tasks are all of the user's.
func (c *client) tasks(ctx context.Context) ([]object, error) { return c.list(ctx, c.path("")) }

// task reads one; nil when it does not exist.
func (c *client) task(ctx context.Context, id string) (object, error) {
	status, body, err := c.read(ctx, c.path(id))
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, nil
	case status != http.StatusOK:
		return nil, fmt.Errorf("GET task %s: %d %s", id, status, body)
	}
	return decode(body)
}

func (c *client) path(id string) string {
	if id == "" {
		return "/api/" + c.user + "/tasks"
	}
	return "/api/" + c.user + "/tasks/" + id
}

// audit is the user's whole trail, oldest first, read in pages.
func (c *client) audit(ctx context.Context, page int) ([]object, error) {
	var all []object
	for {
		some, err := c.list(ctx, fmt.Sprintf("/api/%s/audit?limit=%d&offset=%d", c.user, page, len(all)))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page {
			break
		}
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all, nil
}
