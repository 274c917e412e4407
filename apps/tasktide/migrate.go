package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/boot"
)

func migrateCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "migrate up|down|status", Short: "Move the database's schema, or show where it is.",
		ValidArgs: []string{"up", "down", "status"},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(c.ValidArgs, args[0]) {
				return wrong("migrate %s: choose one of up, down, status", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			return o.database(func(db *sqlstore.DB) error {
				steps, err := boot.Migrate(c.Context(), cfg, db, sqlstore.Direction(args[0]), boot.NewLogger(cfg))
				for _, s := range steps {
					state := "pending"
					if s.Applied {
						state = "applied"
					}
					fmt.Fprintf(c.OutOrStdout(), "%04d  %-8s %s\n", s.Version, state, s.Name)
				}
				return err
			})
		},
	}
}
