package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/tasktide/tasktide/test/processor"
)

// usage is the processor time that the system's processes and this one have used, by name.
type usage map[string]time.Duration

const generator = "load and devices"

func (s *system) usage() usage { return processor.Spent(s.servers, generator) }

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
