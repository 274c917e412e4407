package boot

import (
	"maps"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

var cluster = map[string]string{"TRANSPORT": Kafka, "KAFKA_BROKERS": "k:9092", "DATABASE_URL": "postgres://h/d"}

func with(base map[string]string, more ...string) map[string]string {
	out := maps.Clone(base)
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func TestWhoIssuesTokensFollowsFromWhatIsSet(t *testing.T) {
	none := nothing
	for name, c := range map[string]struct {
		service domain.Service
		vars    map[string]string
		auth    string
		public  string
	}{
		"nothing":                       {"", none, builtin, "http://127.0.0.1:8000"},
		"nothing, on another port":      {"", with(none, "API_PORT", "9000", "API_HOST", "localhost"), builtin, "http://localhost:9000"},
		"IPv6":                          {"", with(none, "API_HOST", "::1"), builtin, "http://[::1]:8000"},
		"an address":                    {"", with(none, "PUBLIC_URL", "https://tasks.example.org/", "API_HOST", "0.0.0.0"), builtin, "https://tasks.example.org"},
		"a secret":                      {"", with(none, "JWT_SECRET", secret), external, ""},
		"a secret beside the accounts":  {"", with(none, "JWT_SECRET", secret, "AUTH", builtin), builtin, "http://127.0.0.1:8000"},
		"another issuer":                {"", with(none, "BETTER_AUTH_URL", "https://issuer.example"), external, ""},
		"backend-api alone":             {domain.BackendAPI, cluster, builtin, "http://127.0.0.1:8000"},
		"websocket-service beside it":   {domain.WebsocketService, with(cluster, "BETTER_AUTH_URL", "http://b:8000"), external, ""},
		"the same setting for both":     {domain.WebsocketService, with(cluster, "BETTER_AUTH_URL", "http://b:8000", "AUTH", builtin), builtin, ""},
		"a service without users":       {domain.AuditService, cluster, external, ""},
		"a service that is told AUTH":   {domain.AuditService, with(cluster, "AUTH", builtin), builtin, ""},
		"its issuer said where it's so": {"", with(none, "JWT_ISSUER", "http://127.0.0.1:8000"), builtin, "http://127.0.0.1:8000"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, c.vars)
			got, err := Load(c.service, "")
			if err != nil || got.Auth != c.auth || got.PublicURL != c.public {
				t.Errorf("AUTH=%s PUBLIC_URL=%s, %v; want %s %s", got.Auth, got.PublicURL, err, c.auth, c.public)
			}
		})
	}
}

func TestContradictionsAboutWhoIssuesTokensAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		service domain.Service
		vars    map[string]string
		says    string
	}{
		"a word":                        {"", with(nothing, "AUTH", "ldap"), "choose one of builtin, external"},
		"sign-up by a word":             {"", with(nothing, "SIGN_UP", "yes"), "choose one of open, closed"},
		"nobody":                        {"", with(nothing, "AUTH", external), "JWT_SECRET or BETTER_AUTH_URL is needed"},
		"nobody for websocket-service":  {domain.WebsocketService, cluster, "JWT_SECRET or BETTER_AUTH_URL is needed"},
		"builtin for websocket-service": {domain.WebsocketService, with(cluster, "AUTH", builtin), "it is the address of backend-api"},
		"two":                           {"", with(nothing, "AUTH", builtin, "BETTER_AUTH_URL", "https://x.example"), "contradict each other"},
		"no address":                    {"", with(nothing, "API_HOST", "0.0.0.0"), "PUBLIC_URL is needed with AUTH=builtin when API_HOST=0.0.0.0"},
		"an address with a path":        {"", with(nothing, "PUBLIC_URL", "https://x.example/tasks"), `PUBLIC_URL="https://x.example/tasks" is no address`},
		"an address with a query":       {"", with(nothing, "PUBLIC_URL", "https://x.example?a"), "is no address"},
		"an address with a user":        {"", with(nothing, "PUBLIC_URL", "https://u:p@x.example"), "is no address"},
		"an address of a file":          {"", with(nothing, "PUBLIC_URL", "file:///x"), "is no address"},
		"a name alone":                  {"", with(nothing, "PUBLIC_URL", "tasks.example.org"), "is no address"},
		"another issuer's name":         {"", with(nothing, "JWT_ISSUER", "https://x.example"), "would refuse the tokens of the built-in accounts"},
		"another audience":              {"", with(nothing, "JWT_AUDIENCE", "x"), "JWT_AUDIENCE=\"x\" would refuse"},
		"a short secret":                {"", with(nothing, "AUTH_SECRET", "short"), "AUTH_SECRET has 5 bytes"},
		"open sign-up elsewhere":        {"", with(nothing, "SIGN_UP", "open", "JWT_SECRET", secret), "SIGN_UP=open is for the built-in accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, c.vars)
			_, err := Load(c.service, "")
			says(t, err, c.says)
		})
	}
}

var nothing = map[string]string{}
