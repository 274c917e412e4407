package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

func migrateCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "migrate up|down|status", Short: "Move the database's schema, or show where it is.",
		Args: cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"up", "down", "status"},
		RunE: func(c *cobra.Command, args []string) error {
			return o.database(func(db *sqlstore.DB) error {
				steps, err := sqlstore.Migrate(c.Context(), db, sqlstore.Direction(args[0]))
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
