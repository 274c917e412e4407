package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

// mostEvents of a stream are in memory at once.
const mostEvents = 10_000

func streamsCommand(o *options) *cobra.Command {
	var from int64
	var limit int
	show := &cobra.Command{
		Use: "show USER", Short: "Print a user's events as JSON, one a line, oldest first.", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkUser(args[0]); err != nil {
				return err
			}
			if from < 1 {
				return wrong("--from %d: positions begin at 1", from)
			}
			if limit < 1 || limit > mostEvents {
				return wrong("--limit %d: give 1 to %d; go on with --from", limit, mostEvents)
			}
			return o.database(func(db *sqlstore.DB) error {
				events, head, err := sqlstore.NewStreams(db).After(c.Context(), args[0], from-1, limit)
				if err != nil {
					return err
				}
				for _, e := range events {
					if err := printJSON(c.OutOrStdout(), streamed(e), false); err != nil {
						return err
					}
				}
				fmt.Fprintf(c.ErrOrStderr(), "%d events; the stream ends at %s\n", len(events), head)
				return nil
			})
		},
	}
	show.Flags().Int64Var(&from, "from", 1, "the first position")
	show.Flags().IntVar(&limit, "limit", 100, "at most so many events")
	return family("streams", "The users' streams of events.", show)
}

func streamed(e domain.Event) map[string]any {
	return map[string]any{
		"position": e.Position, "event_id": e.ID, "event_type": e.Type, "topic": domain.TopicOf(e.Type), "timestamp": domain.FormatTime(e.Time),
		"correlation_id": e.CorrelationID, "source": e.Source, "subject": e.Subject, "traceparent": e.TraceParent, "data": e.Data,
	}
}
