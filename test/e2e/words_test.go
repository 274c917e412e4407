package e2e

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
)

// TestUsersWhoseIDIsAWordOfTheAddressesAreServed: in the one binary all routes are on one port.
func TestUsersWhoseIDIsAWordOfTheAddressesAreServed(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	for _, id := range []string{
		"tasks", "stats", "audit", "events", "preferences", "notifications", "export", "operator", "dead-letters", "api", "ws", "docs", "health",
	} {
		token, err := s.command(t.Context(), "token", "--user", id)
		must(t, err)
		token = strings.TrimSpace(token)
		c := newClient(s.api, id, token)
		status, body, err := c.once(t.Context(), "POST", c.path(""), object{"title": "of " + id, "priority": "low", "category": "home"}, "")
		must(t, err)
		if status != http.StatusCreated {
			t.Fatalf("%s: %d %s", id, status, body)
		}
		if list, err := c.tasks(t.Context()); err != nil || len(list) != 1 || list[0].text("userId") != id {
			t.Errorf("%s: %v %v", id, list, err)
		}
		for _, what := range []string{"stats", "audit", "events", "preferences", "notifications", "export"} {
			if status, body, err := c.read(t.Context(), "/api/"+c.user+"/"+what); err != nil || status != http.StatusOK {
				t.Errorf("%s of %s: %d %s %v", what, id, status, body, err)
			}
		}
		if status, line := firstLine(t, s, c); status != http.StatusOK || !strings.Contains(line, `"type":"connected"`) {
			t.Errorf("the stream of %s: %d %s", id, status, line)
		}
	}
	token, err := s.command(t.Context(), "token", "--user", "sse")
	must(t, err)
	reserved := newClient(s.api, "sse", strings.TrimSpace(token))
	if status, body, err := reserved.read(t.Context(), reserved.path("")); err != nil || status != http.StatusForbidden || !strings.Contains(string(body), "reserved") {
		t.Errorf("the reserved id: %d %s %v", status, body, err)
	}
	if status, line := firstLine(t, s, reserved); status != http.StatusOK || !strings.Contains(line, `"type":"connected"`) {
		t.Errorf("the stream of the reserved id: %d %s", status, line)
	}
}

// firstLine is the first line of a user's stream that has data.
func firstLine(t *testing.T, s *system, c *client) (int, string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api+"/api/sse/"+c.user, nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") || answer.StatusCode != http.StatusOK {
			return answer.StatusCode, lines.Text()
		}
	}
	return answer.StatusCode, ""
}
