package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// TestRolesShowNamesTheSchema in every statement on a table: whoever runs them may look for tables elsewhere.
func TestRolesShowNamesTheSchema(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if code := run([]string{"roles", "show", "--schema", "Ours"}, &out, &errs); code != 0 {
		t.Fatalf("%d: %s", code, errs.String())
	}
	grants := 0
	for _, line := range strings.Split(out.String(), "\n") {
		if !strings.HasPrefix(line, "GRANT ") && !strings.HasPrefix(line, "ALTER TABLE ") && !strings.HasPrefix(line, "CREATE ") {
			continue
		}
		grants++
		if !strings.Contains(line, ` "Ours"`) && !strings.Contains(line, " tasktide_dapr") {
			t.Errorf("without a schema: %s", line)
		}
	}
	if grants < 60 {
		t.Errorf("%d statements:\n%s", grants, out.String())
	}
}

func TestWhatIsSaidOfARoleThatNoAddressNames(t *testing.T) {
	t.Parallel()
	for _, owns := range []bool{false, true} {
		var out bytes.Buffer
		sayUnnamed(&out, sqlstore.Unnamed{Role: "old one", Owns: owns})
		for _, want := range []string{`"old one" has rights on the tables`, "perhaps somebody else's", "\n  GRANT \"old one\" TO CURRENT_USER;\n  DROP OWNED BY \"old one\";\n  DROP ROLE \"old one\";\n"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("without %q: %s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "removed with it") != owns {
			t.Errorf("owns %t: %s", owns, out.String())
		}
	}
}
