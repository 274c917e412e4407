package boot

import (
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

func TestEveryPartHasASettingForItsRole(t *testing.T) {
	t.Parallel()
	vars := map[string]string{}
	for _, part := range sqlstore.Parts() {
		vars[roleVariable(part)] = "postgres://" + part + "@h/d"
	}
	var c Config
	if err := c.parse(vars); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range c.Logins() {
		got[l.Part] = l.URL
	}
	for _, part := range sqlstore.Parts() {
		if got[part] != "postgres://"+part+"@h/d" {
			t.Errorf("%s has the address %q", part, got[part])
		}
	}
	if len(got) != 7 {
		t.Errorf("%d addresses were read", len(got))
	}
	var none Config
	if l := none.Logins(); len(l) != 0 {
		t.Errorf("without settings there are %v", l)
	}
}
