package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usage is a mistake in the command line: exit code 2, as a service has for its own.
type usage struct{ error }

func wrong(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// wrongFlag says what a flag takes, in place of what the parser of its type says.
func wrongFlag(_ *cobra.Command, err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usage{err}
	}
	return wrong("--%s %q: give %s", bad.GetFlag().Name, bad.GetValue(), takes(bad.GetFlag().Value.Type()))
}

func takes(kind string) string {
	switch kind {
	case "bool":
		return "true or false, or the flag alone"
	case "duration":
		return "a duration such as 90s or 1h30m"
	case "int", "int64":
		return "a whole number"
	case "int32", "int16":
		return "a whole number, and not so large a one"
	case momentKind:
		return momentForms
	}
	return "a " + kind
}

// notEmpty refuses values that are there and empty: mostly a variable that was not
// set, and without the filter that it was meant for a command would take everything.
func notEmpty(c *cobra.Command, args []string) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = errors.Join(err, wrong("--%s is empty: give a value, or leave the flag out", f.Name))
		}
	})
	for _, a := range args {
		if strings.TrimSpace(a) == "" {
			err = errors.Join(err, wrong("%s: an argument is empty", c.CommandPath()))
		}
	}
	if err != nil {
		return usage{err}
	}
	return nil
}

// family is a command that only has others below it. Without one it prints help; with
// a word that is none of them it fails.
func family(name, short string, below ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		var names []string
		for _, b := range below {
			names = append(names, b.Name())
		}
		return wrong("unknown command %q for %q: choose one of %s", args[0], c.CommandPath(), strings.Join(names, ", "))
	}
	c.AddCommand(below...)
	return c
}
