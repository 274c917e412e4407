package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

func outboxCommand(o *options) *cobra.Command {
	var asJSON bool
	status := &cobra.Command{
		Use: "status", Short: "Print how much waits, and for how long, by publisher and shard.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.database(func(db *sqlstore.DB) error {
				backlog, err := sqlstore.NewOutbox(db).Backlog(c.Context())
				if err != nil {
					return err
				}
				total := int64(0)
				for _, b := range backlog {
					total += b.Pending
					if asJSON {
						err = printJSON(c.OutOrStdout(), map[string]any{
							"publisher": b.Publisher, "shard": b.Shard, "pending": b.Pending, "oldest": domain.FormatTime(b.Oldest),
							"age_seconds": b.Age.Seconds(), "owner": b.Owner,
						}, false)
						if err != nil {
							return err
						}
						continue
					}
					fmt.Fprintf(c.OutOrStdout(), "%-20s shard %2d  pending=%d  oldest %s (%s ago)  relay=%s\n", b.Publisher, b.Shard, b.Pending,
						domain.FormatTime(b.Oldest), b.Age.Round(time.Millisecond), b.Owner)
				}
				if !asJSON {
					fmt.Fprintf(c.OutOrStdout(), "%d pending\n", total)
				}
				return nil
			})
		},
	}
	status.Flags().BoolVar(&asJSON, "json", false, "print JSON, a shard a line")
	return family("outbox", "What is stored and not yet published.", status)
}
