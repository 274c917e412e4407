package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

// result is what one transport showed.
type result struct {
	transport string
	rate      int
	load      *load
	cost      string
	poison    *poison
}

// table prints results side by side. Times are p50 / p99 (how many).
func table(all []*result) {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	row := func(name, goal string, value func(*result) string) {
		fmt.Fprintf(w, "%s\t%s", name, goal)
		for _, r := range all {
			fmt.Fprintf(w, "\t%s", value(r))
		}
		fmt.Fprintln(w)
	}
	row("p50 / p99 (count)", "goal p99", func(r *result) string { return r.transport })
	row("writes a second, held", "1000", func(r *result) string { return fmt.Sprint(r.rate) })
	row("create, answered", "10 ms", func(r *result) string { return r.load.create.String() })
	row("another device", "50 ms", func(r *result) string { return r.load.device.String() })
	row("next occurrence", "250 ms", func(r *result) string { return r.load.next.String() })
	row("reminder, late by", "1 s", func(r *result) string { return r.load.reminder.String() })
	row("generator, late by", "", func(r *result) string { return r.load.behind.String() })
	row("writes that failed", "0", func(r *result) string { return fmt.Sprintf("%d %.80s", r.load.failed, r.load.firstFail) })
	_ = w.Flush()
	fmt.Println()
	for _, r := range all {
		fmt.Printf("%-7s processor time for a write: %s\n", r.transport, r.cost)
	}
	for _, r := range all {
		fmt.Printf("%-7s audited, without and with an event that fails (goal +10%%): %s\n", r.transport, r.poison)
	}
}
