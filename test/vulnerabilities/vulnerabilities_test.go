// Package vulnerabilities holds tools/vulnerabilities.sh to never calling clean what was not checked.
package vulnerabilities

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program writes one that says something and ends with a code.
func program(t *testing.T, says string, code string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncat <<'END'\n"+says+"\nEND\nexit "+code+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWhatThePageIsBuiltOfIsAskedFor, also where NODE_ENV=production would leave it out.
func TestWhatThePageIsBuiltOfIsAskedFor(t *testing.T) {
	t.Parallel()
	npm := filepath.Join(t.TempDir(), "npm")
	if err := os.WriteFile(npm, []byte("#!/bin/sh\ncase \"$*\" in 'audit --include=dev --json') cat <<'END'\n"+clean+"\nEND\nesac\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "../../tools/vulnerabilities.sh")
	cmd.Env = append(os.Environ(), "GOVULNCHECK="+program(t, "", "0"), "NPM="+npm, "VULNERABILITIES_REQUIRED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// answers of npm audit 10 and 11.
const (
	clean = `{"auditReportVersion": 2, "vulnerabilities": {}, "metadata": {"vulnerabilities": {"high": 0, "total": 0}}}`
	some  = `{"auditReportVersion": 2, "vulnerabilities": {"left-pad": {"name": "left-pad", "severity": "high", "range": "<1.0.0", "via": [{"url": "https://advisories.example/1"}, "other"]}}, "metadata": {"vulnerabilities": {"high": 1, "total": 1}}}`
	away  = `{"message": "405 Method Not Allowed", "error": {"code": "E405", "summary": "", "detail": ""}}`
)

func TestWhatWasNotCheckedIsNeverCalledClean(t *testing.T) {
	t.Parallel()
	goClean := [2]string{"No vulnerabilities found.", "0"}
	goSome := [2]string{"Vulnerability #1: GO-2026-0001", "3"}
	goAway := [2]string{"govulncheck: fetching vulnerabilities: dial tcp: no such host", "1"}
	for name, c := range map[string]struct {
		programs   [2]string
		npm        [2]string
		required   bool
		code       int
		says, mute []string
	}{
		"nothing is known":          {goClean, [2]string{clean, "0"}, true, 0, []string{"programs (govulncheck): none known", "page (npm audit): none known"}, []string{"NOT CHECKED"}},
		"in the programs":           {goSome, [2]string{clean, "0"}, false, 1, []string{"GO-2026-0001", "programs (govulncheck): SOME KNOWN"}, nil},
		"in the page":               {goClean, [2]string{some, "1"}, false, 1, []string{"high: left-pad <1.0.0, https://advisories.example/1, by way of other", "page (npm audit): SOME KNOWN"}, nil},
		"no data, here":             {goAway, [2]string{away, "1"}, false, 0, []string{"no such host", "405", "programs (govulncheck): NOT CHECKED", "page (npm audit): NOT CHECKED", "may have any"}, []string{"none known"}},
		"no data, required":         {goAway, [2]string{clean, "0"}, true, 2, []string{"programs (govulncheck): NOT CHECKED", "page (npm audit): none known"}, nil},
		"npm says nothing":          {goClean, [2]string{"", "0"}, true, 2, []string{"page (npm audit): NOT CHECKED"}, []string{"page (npm audit): none"}},
		"npm says something else":   {goClean, [2]string{"found 0 vulnerabilities", "0"}, true, 2, []string{"page (npm audit): NOT CHECKED"}, []string{"page (npm audit): none"}},
		"some, and the other away":  {goAway, [2]string{some, "1"}, true, 1, []string{"SOME KNOWN", "NOT CHECKED"}, []string{"none known"}},
		"the checker itself is off": {[2]string{"a panic", "2"}, [2]string{clean, "0"}, true, 2, []string{"programs (govulncheck): NOT CHECKED"}, []string{"programs (govulncheck): none"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), "../../tools/vulnerabilities.sh")
			cmd.Env = append(os.Environ(), "GOVULNCHECK="+program(t, c.programs[0], c.programs[1]), "NPM="+program(t, c.npm[0], c.npm[1]), "VULNERABILITIES_REQUIRED=")
			if c.required {
				cmd.Env = append(cmd.Env, "VULNERABILITIES_REQUIRED=1")
			}
			out, err := cmd.CombinedOutput()
			var ended *exec.ExitError
			if err != nil && !errors.As(err, &ended) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d:\n%s", got, c.code, out)
			}
			for _, s := range c.says {
				if !strings.Contains(string(out), s) {
					t.Errorf("it does not say %q:\n%s", s, out)
				}
			}
			for _, s := range c.mute {
				if strings.Contains(string(out), s) {
					t.Errorf("it says %q:\n%s", s, out)
				}
			}
		})
	}
}
