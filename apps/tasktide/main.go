// Command tasktide runs every service in one process and is the operator's
// command line. Only what a command is asked for goes to standard output.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // time zones, wherever it runs

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/apps/internal/boot"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	code := 0
	root := &cobra.Command{
		Use: "tasktide", Short: "An event-driven todo system: every change is an event.",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(wrongFlag)
	understood := false
	root.PersistentPreRunE = func(c *cobra.Command, args []string) error {
		if err := notEmpty(c, args); err != nil {
			return err
		}
		understood = true
		return nil
	}
	o := &options{code: &code}
	root.PersistentFlags().StringVar(&o.file, "config", "", "a file of NAME=value lines; the environment has more weight")
	root.AddCommand(
		serveCommand(o), tokenCommand(o), migrateCommand(o), rolesCommand(o), backupCommand(o), restoreCommand(o), deadLettersCommand(o), streamsCommand(o), outboxCommand(o), usersCommand(o), topicsCommand(o), configCommand(o), healthCommand(o),
		&cobra.Command{Use: "version", Short: "Print the version, the commit and what it was built for.", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
			b := boot.Version()
			_, err := fmt.Fprintf(c.OutOrStdout(), "tasktide %s (commit %s, of %s, %s, %s)\n", b.Version, cmp.Or(b.Commit, "unknown"), cmp.Or(b.Date, "unknown"), b.Go, b.Platform)
			return err
		}},
	)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(stderr, "tasktide:", err)
		if bad := (usage{}); !understood || errors.As(err, &bad) {
			return 2
		}
		return 1
	}
	return code
}

// options are shared by all commands.
type options struct {
	file string
	code *int // the exit code of a command that ran
}

// load reads the configuration of the process as it would serve.
func (o *options) load() (boot.Config, error) { return boot.Load("", o.file) }
