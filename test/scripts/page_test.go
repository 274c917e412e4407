// Package scripts tests the shell scripts that build, in a folder of their own and with nothing on the PATH but what a test puts there.
package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a copy of what tools/page.sh works on, and a PATH.
type machine struct {
	t         *testing.T
	root, bin string
}

const web = "apps/frontend/web/"

// npm is what npm does, as far as the script sees it.
const npm = `echo "npm $1" >>"$CALLS"
case $1 in
ci) mkdir -p node_modules; touch node_modules/.package-lock.json ;;
run) rm -rf dist/* dist/.built-of; [ ! -e "$BROKEN" ] || exit 1; echo page >dist/index.html ;;
esac`

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, root: t.TempDir(), bin: t.TempDir()}
	script, err := os.ReadFile(filepath.Join("..", "..", "tools", "page.sh"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("tools/page.sh", string(script))
	m.write("docs/openapi.json", "{}")
	m.write(web+"package-lock.json", "{}")
	m.write(web+"src/main.ts", "1")
	m.write(web+"dist/.gitignore", "*")
	for _, name := range []string{"bash", "sh", "dirname", "find", "sort", "xargs", "sed", "cat", "touch", "mkdir", "rm", "sha256sum"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(m.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	m.program("uname", "echo Linux")
	m.program("id", "echo 1000")
	m.program("node", "echo v22.1.0")
	m.program("npm", npm)
	return m
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) program(name, body string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil { //nolint:gosec // it is run
		m.t.Fatal(err)
	}
}

func (m *machine) lacks(names ...string) {
	m.t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(m.bin, name)); err != nil {
			m.t.Fatal(err)
		}
	}
}

// debian has apt, with that version of Node.js; who runs the script is root.
func (m *machine) debian(version string) {
	m.program("id", "echo 0")
	m.program("apt-cache", "echo 'nodejs:'; echo '  Installed: (none)'; echo '  Candidate: "+version+"'")
	m.program("apt-get", fmt.Sprintf(`echo "apt-get $*" >>"$CALLS"
case "$*" in
*install*npm) printf '#!/bin/sh\n%%s\n' "$NPM" >%[1]s/npm; /bin/chmod +x %[1]s/npm ;;
*install*nodejs) printf '#!/bin/sh\necho v%[2]s\n' >%[1]s/node; /bin/chmod +x %[1]s/node ;;
esac`, m.bin, version))
}

// run runs the script. It returns what it said and what it called.
func (m *machine) run() (said, calls string, ok bool) {
	m.t.Helper()
	log := filepath.Join(m.root, "calls")
	_ = os.Remove(log)
	cmd := exec.CommandContext(m.t.Context(), filepath.Join(m.bin, "bash"), filepath.Join(m.root, "tools", "page.sh"))
	cmd.Env = []string{"PATH=" + m.bin, "CALLS=" + log, "NPM=" + npm, "BROKEN=" + filepath.Join(m.root, "broken")}
	out, err := cmd.CombinedOutput()
	called, _ := os.ReadFile(log) //nolint:errcheck // nothing was called
	return string(out), string(called), err == nil
}

func (m *machine) mustBuild(why string) {
	m.t.Helper()
	said, calls, ok := m.run()
	if !ok || !strings.Contains(calls, "npm run") {
		m.t.Fatalf("%s: not built (%v)\n%s%s", why, ok, calls, said)
	}
}

func (m *machine) mustRest(why string) {
	m.t.Helper()
	if said, calls, ok := m.run(); !ok || calls != "" {
		m.t.Fatalf("%s: something was done (%v)\n%s%s", why, ok, calls, said)
	}
}

func TestThePageIsBuiltWhenItIsMissingOrOldAndOnlyThen(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.mustBuild("nothing is there")
	m.mustRest("it is current")

	m.write(web+"src/main.ts", "2")
	m.mustBuild("its source changed")
	m.write(web+"src/main.test.ts", "a test is not part of it")
	m.mustRest("a test changed")
	m.write("docs/openapi.json", "{ }")
	m.mustBuild("the API changed")

	if err := os.RemoveAll(filepath.Join(m.root, web, "node_modules")); err != nil {
		t.Fatal(err)
	}
	m.mustRest("what built it is gone, the page is current")
}

func TestAPageThatWasBuiltOfSomethingElseIsNotTakenForCurrent(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.mustBuild("nothing is there")
	// Somebody builds another state by hand, and goes back to this one.
	if err := os.Remove(filepath.Join(m.root, web, "dist", ".built-of")); err != nil {
		t.Fatal(err)
	}
	m.write(web+"dist/index.html", "of another branch")
	m.mustBuild("what is there is of another state")
}

func TestABuildThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.mustBuild("nothing is there")
	m.write(web+"src/main.ts", "2")
	m.write("broken", "")
	if said, _, ok := m.run(); ok {
		t.Fatalf("a build that failed passes:\n%s", said)
	}
	m.write(web+"dist/index.html", "half of it")
	if err := os.Remove(filepath.Join(m.root, "broken")); err != nil {
		t.Fatal(err)
	}
	m.mustBuild("the build before failed")
}

func TestThePageIsBuiltWhereThereIsNoSha256sum(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	sum, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Fatal(err)
	}
	m.lacks("sha256sum")
	m.program("uname", "echo Darwin")
	m.program("shasum", `[ "$1 $2" = "-a 256" ] || exit 1; shift 2; exec `+sum+` "$@"`)
	m.mustBuild("nothing is there")
	m.mustRest("it is current")
}

func TestRootOnDebianGetsANodeThatIsRecentEnough(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.lacks("node", "npm")
	m.debian("22.1.0")
	m.mustBuild("apt has Node.js")
}

func TestANodeThatCanNotBuildThePageIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		machine func(*machine)
		says    []string
	}{
		"apt's is too old: it is not installed": {func(m *machine) { m.lacks("node", "npm"); m.debian("18.19.0+dfsg-6~deb12u2") },
			[]string{"here is none", "apt has 18.19.0+dfsg-6~deb12u2 only", "nodejs.org"}},
		"apt knows none": {func(m *machine) { m.lacks("node", "npm"); m.debian("(none)") }, []string{"here is none. Install it from https://nodejs.org"}},
		"not root, apt's would do": {func(m *machine) { m.lacks("node", "npm"); m.debian("22.1.0"); m.program("id", "echo 1000") },
			[]string{"here is none", "sudo apt-get install nodejs npm"}},
		"not root, no apt": {func(m *machine) { m.lacks("node", "npm") }, []string{"here is none", "nodejs.org", "nvm install"}},
		"a Mac":            {func(m *machine) { m.lacks("node", "npm"); m.program("uname", "echo Darwin") }, []string{"brew install node"}},
		"too old":          {func(m *machine) { m.program("node", "echo v20.18.3") }, []string{"20.19 or later", "here is v20.18.3"}},
		"without npm":      {func(m *machine) { m.lacks("npm") }, []string{"v22.1.0 without npm"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			test.machine(m)
			said, calls, ok := m.run()
			if ok || strings.Contains(calls, "install") || strings.Contains(calls, "npm") {
				t.Fatalf("it went on (%v):\n%s%s", ok, calls, said)
			}
			for _, words := range test.says {
				if !strings.Contains(said, words) {
					t.Errorf("it does not say %q:\n%s", words, said)
				}
			}
		})
	}
}
