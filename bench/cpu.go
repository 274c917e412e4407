package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/tasktide/tasktide/test/processor"
)

// usage is the processor time that this process, with what it runs, and the servers have used. Unlike a rate it hardly
// depends on what else the machine is doing.
type usage map[string]time.Duration

// usage counts the servers' processes by name, and this one.
func (e *env) usage() usage { return processor.Spent(e.counted, "bench") }

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
