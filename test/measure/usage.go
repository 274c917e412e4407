package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is the processor time that the system's processes and this one have used, by name.
type usage map[string]time.Duration

const generator = "load and devices"

func (s *system) usage() usage {
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
			if name, ok := s.servers[at]; ok {
				u[name] += spent
				break
			}
			if at == os.Getpid() {
				u[generator] += spent
				break
			}
		}
	}
	return u
}

func readStat(path string) (pid, parent int, spent time.Duration, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, 0, false
	}
	pid, err = strconv.Atoi(filepath.Base(filepath.Dir(path)))
	_, rest, found := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if err != nil || !found || len(f) < 13 {
		return 0, 0, 0, false
	}
	parent, _ = strconv.Atoi(f[1])
	for _, field := range f[11:13] { // in user mode, in the kernel
		ticks, _ := strconv.Atoi(field)
		spent += time.Duration(ticks) * 10 * time.Millisecond
	}
	return pid, parent, spent, true
}

// since is what each of n writes has cost, most expensive process first.
func (u usage) since(before usage, n int) string {
	type part struct {
		name string
		µs   float64
	}
	var parts []part
	total := 0.0
	for name, spent := range u {
		each := float64((spent - before[name]).Microseconds()) / float64(max(1, n))
		parts = append(parts, part{name, each})
		total += each
	}
	slices.SortFunc(parts, func(a, b part) int { return int(b.µs - a.µs) })
	text := fmt.Sprintf("%.0f µs", total)
	for i, p := range parts {
		text += map[bool]string{true: ": ", false: ", "}[i == 0] + fmt.Sprintf("%s %.0f", p.name, p.µs)
	}
	return text
}
