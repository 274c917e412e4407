package law

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestNamedTestsExist: a document that says what holds names tests that are there.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "git", "grep", "--no-index", "-hoE", "--exclude-standard", `^func Test\w+\(`, "--", "*_test.go")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		there[strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "func "), "(")] = true
	}
	if len(there) < 300 {
		t.Fatalf("only %d tests were found", len(there))
	}
	for document, least := range map[string]int{"docs/security.md": 60, "docs/accounts.md": 15} {
		b, err := os.ReadFile("../../" + document)
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(string(b), -1)
		if len(names) < least {
			t.Errorf("%s names %d tests, want at least %d", document, len(names), least)
		}
		for _, m := range names {
			if !there[m[1]] {
				t.Errorf("%s names %s, which there is not", document, m[1])
			}
		}
	}
}
