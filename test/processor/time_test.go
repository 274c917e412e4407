package processor

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestTimeIsCountedForTheProcessThatUsedIt(t *testing.T) {
	spin := exec.CommandContext(t.Context(), "sh", "-c", "cat; while :; do :; done")
	in, err := spin.StdinPipe()
	if err == nil {
		err = spin.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = spin.Process.Kill()
		_ = spin.Wait()
	})
	named := map[int]string{spin.Process.Pid: "spins"}
	before := Spent(named, "self")
	_ = in.Close()
	for end := time.Now().Add(time.Minute); Spent(named, "self")["spins"] < before["spins"]+100*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing is counted for a process that spins")
		}
	}
	if _, ok := Spent(nil, "self")["spins"]; ok {
		t.Error("a name that was not asked for")
	}
	if with := Spent(nil, "self")["self"]; with < Spent(named, "self")["spins"] {
		t.Errorf("this process with all its children has used %s", with)
	}
}

func TestANameWithBlanksAndParenthesesIsPassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/77"
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]time.Duration{
		"77 (a) b (c)) S 5 0 0 0 0 0 0 0 0 0 1 2 3 4 20": 100 * time.Millisecond,
		"77 (x) S 5 0": -1,
		"nonsense":     -1,
	} {
		if err := os.WriteFile(dir+"/stat", []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		pid, parent, spent, ok := read(dir + "/stat")
		if ok != (want >= 0) || ok && (pid != 77 || parent != 5 || spent != want) {
			t.Errorf("%q: %d %d %s %v", line, pid, parent, spent, ok)
		}
	}
}
