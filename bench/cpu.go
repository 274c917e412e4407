package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is the processor time that this process, with what it runs, and the servers have used. Unlike a rate it hardly
// depends on what else the machine is doing.
type usage map[string]time.Duration

// roots are the processes that are counted with all their descendants; this one without.
func (e *env) usage() usage {
	parents, own := map[int]int{}, map[int]time.Duration{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if pid, parent, spent, ok := readStat(path); ok {
			parents[pid], own[pid] = parent, spent
		}
	}
	u := usage{}
	for pid, spent := range own {
		for at := pid; at > 1; at = parents[at] {
			if name, ok := e.counted[at]; ok {
				u[name] += spent
				break
			}
			if at == os.Getpid() {
				u["bench"] += spent
				break
			}
		}
	}
	return u
}

// readStat reads a process's parent and its time, with that of children that have ended.
func readStat(path string) (pid, parent int, spent time.Duration, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, 0, false
	}
	pid, err = strconv.Atoi(filepath.Base(filepath.Dir(path)))
	_, rest, found := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if err != nil || !found || len(f) < 15 {
		return 0, 0, 0, false
	}
	parent, _ = strconv.Atoi(f[1])
	ticks := 0
	for _, field := range f[11:15] { // utime, stime, cutime, cstime
		n, _ := strconv.Atoi(field)
		ticks += n
	}
	return pid, parent, time.Duration(ticks) * 10 * time.Millisecond, true
}

// cost is what n events cost in processor time each.
type cost struct {
	total float64 // µs
	text  string
}

func (u usage) since(before usage, n float64) cost {
	var c cost
	var parts []string
	for _, name := range []string{"bench", "postgres", "kafka", "daprd"} {
		if d := u[name] - before[name]; d > 0 && n > 0 {
			each := float64(d.Microseconds()) / n
			c.total += each
			parts = append(parts, fmt.Sprintf("%s %.1f", name, each))
		}
	}
	c.text = fmt.Sprintf("%.1f µs (%s)", c.total, strings.Join(parts, ", "))
	return c
}
