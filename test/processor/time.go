// Package processor tells how much processor time processes have used, from /proc. Unlike a rate it hardly depends on
// what else the machine is doing.
package processor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Spent is the processor time used so far by each process of named, its descendants included, by its name; what this
// process and its other descendants have used is under self. A process that has ended counts for who waited for it.
func Spent(named map[int]string, self string) map[string]time.Duration {
	parents, own := map[int]int{}, map[int]time.Duration{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if pid, parent, spent, ok := read(path); ok {
			parents[pid], own[pid] = parent, spent
		}
	}
	out := map[string]time.Duration{}
	for pid, spent := range own {
		for at := pid; at > 1; at = parents[at] {
			if name, ok := named[at]; ok {
				out[name] += spent
				break
			}
			if at == os.Getpid() {
				out[self] += spent
				break
			}
		}
	}
	return out
}

// tick is the unit of /proc/PID/stat, the same on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// read reads a process's parent and its time, with that of children that have ended. Its name, which comes before, may
// have blanks and parentheses.
func read(path string) (pid, parent int, spent time.Duration, ok bool) {
	b, err := os.ReadFile(path) //nolint:gosec // of /proc
	if err != nil {
		return 0, 0, 0, false // it has ended
	}
	pid, err = strconv.Atoi(filepath.Base(filepath.Dir(path)))
	end := strings.LastIndex(string(b), ") ")
	if err != nil || end < 0 {
		return 0, 0, 0, false
	}
	f := strings.Fields(string(b)[end+2:])
	if len(f) < 15 {
		return 0, 0, 0, false
	}
	parent, _ = strconv.Atoi(f[1])
	for _, field := range f[11:15] { // in user mode, in the kernel; of ended children likewise
		n, _ := strconv.Atoi(field)
		spent += time.Duration(n) * tick
	}
	return pid, parent, spent, true
}
