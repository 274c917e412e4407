package boot

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// row is a line of a table in docs/configuration.md: variable, default, meaning.
var row = regexp.MustCompile("(?m)^\\| `([A-Z_]+)`( \\(secret\\))? \\| ([^|]*) \\|")

// TestTheDocumentListsExactlyTheSettings compares docs/configuration.md with the
// tags of Config: names, defaults, which are secret.
func TestTheDocumentListsExactlyTheSettings(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{} // name: secret
	defaults := map[string]string{}
	for _, m := range row.FindAllSubmatch(doc, -1) {
		name := string(m[1])
		if _, twice := documented[name]; twice {
			t.Errorf("%s is listed twice", name)
		}
		documented[name], defaults[name] = len(m[2]) > 0, string(m[3])
	}
	var names []string
	fields := reflect.TypeFor[Config]()
	for _, s := range settings() {
		names = append(names, s.name)
		secret, listed := documented[s.name]
		if !listed {
			t.Errorf("%s is not listed", s.name)
			continue
		}
		if secret != s.secret {
			t.Errorf("%s: listed with secret %v, is %v", s.name, secret, s.secret)
		}
		if want := fields.Field(s.index).Tag.Get("envDefault"); want != "" && defaults[s.name] != "`"+want+"`" {
			t.Errorf("%s: listed with the default %s, is `%s`", s.name, defaults[s.name], want)
		}
	}
	for name := range documented {
		if !slices.Contains(names, name) {
			t.Errorf("%s is listed and is no setting", name)
		}
	}
}
