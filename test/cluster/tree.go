package cluster

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// descendants lists the children of pid, their children and so on. PostgreSQL's are in sessions of their own, so the
// process group alone does not reach them.
func descendants(pid int) []int {
	children := map[int][]int{}
	for _, p := range processTable() {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	var all []int
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		all = append(all, children[next[0]]...)
		next = append(next, children[next[0]]...)
	}
	return all
}

// alive reports whether the process exists and is more than a zombie that nobody has collected yet.
func alive(pid int) bool {
	for _, p := range processTable() {
		if p.pid == pid {
			return p.state != "Z"
		}
	}
	return false
}

type processRow struct {
	pid, parent int
	state       string
}

// processTable reads /proc, and where there is none (not Linux) asks ps.
func processTable() []processRow {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		return psTable()
	}
	var rows []processRow
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name, which may contain anything) state parent ...
		rest := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(rest) > 2 {
			rows = appendRow(rows, filepath.Base(filepath.Dir(path)), rest[1], rest[0])
		}
	}
	return rows
}

func psTable() []processRow {
	out, _ := exec.Command("ps", "-A", "-o", "pid=,ppid=,state=").Output()
	var rows []processRow
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 3 {
			rows = appendRow(rows, f[0], f[1], f[2][:1])
		}
	}
	return rows
}

func appendRow(rows []processRow, pid, parent, state string) []processRow {
	a, err1 := strconv.Atoi(pid)
	b, err2 := strconv.Atoi(parent)
	if err1 != nil || err2 != nil {
		return rows
	}
	return append(rows, processRow{pid: a, parent: b, state: state})
}
