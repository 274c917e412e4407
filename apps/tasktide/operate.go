package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/boot"
	"github.com/tasktide/tasktide/core/domain"
)

// lenient loads the configuration for a command that needs only a part of it, in
// the environment of any service.
func (o *options) lenient() (boot.Config, error) { return boot.LoadForCommand(o.file) }

// database opens the configured database for one command.
func (o *options) database(use func(*sqlstore.DB) error) error {
	cfg, err := o.lenient()
	if err != nil {
		return err
	}
	db, err := boot.OpenDatabase(cfg)
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

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

func topicsCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "topics", Short: "Topics at the broker."}
	var partitions int32
	var replication int16
	apply := &cobra.Command{
		Use: "apply", Short: "Make the topics of the routing table, or grow them; nothing is ever shrunk or removed.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			kc := cfg.KafkaConfig()
			if err := kc.Validate(); err != nil {
				return fmt.Errorf("KAFKA_*: %w", err)
			}
			reports, err := kafka.EnsureTopics(c.Context(), kc, partitions, replication, domain.Topics())
			for _, r := range reports {
				fmt.Fprintln(c.OutOrStdout(), r)
			}
			return err
		},
	}
	apply.Flags().Int32Var(&partitions, "partitions", 8, "partitions of each topic")
	apply.Flags().Int16Var(&replication, "replication", 1, "replicas of each partition, for topics that are made")
	c.AddCommand(apply)
	return c
}

func deadLettersCommand(o *options) *cobra.Command {
	c := &cobra.Command{Use: "deadletters", Short: "Events that a group gave up on."}
	var q domain.DeadLetterQuery
	var topic string
	var since time.Duration
	var all bool
	filter := func(c *cobra.Command) *cobra.Command {
		c.Flags().StringVar(&topic, "topic", "", "of this topic")
		c.Flags().StringVar(&q.Group, "group", "", "of this group")
		c.Flags().StringVar(&q.UserID, "user", "", "of this user")
		c.Flags().StringVar(&q.ErrorContains, "error", "", "whose error contains this")
		c.Flags().DurationVar(&since, "since", 0, "that failed last within this time, such as 1h")
		return c
	}
	with := func(use func(c *cobra.Command, l *sqlstore.DeadLetters) error) func(*cobra.Command, []string) error {
		return func(c *cobra.Command, args []string) error {
			q.Topic = domain.Topic(topic)
			if since > 0 {
				after := time.Now().Add(-since)
				q.After = &after
			}
			if len(args) > 0 {
				q.ID = args[0]
			}
			return o.database(func(db *sqlstore.DB) error { return use(c, sqlstore.NewDeadLetters(db)) })
		}
	}
	// change redrives or discards one letter by its id, or all that match with --all.
	change := func(name, short string, do func(c *cobra.Command, l *sqlstore.DeadLetters) (int, error)) *cobra.Command {
		cmd := filter(&cobra.Command{Use: name + " [ID]", Short: short, Args: cobra.MaximumNArgs(1)})
		cmd.Flags().BoolVar(&all, "all", false, "all that match, without naming one")
		cmd.RunE = func(c *cobra.Command, args []string) error {
			if (len(args) == 1) == all {
				return fmt.Errorf("name one letter, or say --all for all that match the filters")
			}
			return with(func(c *cobra.Command, l *sqlstore.DeadLetters) error {
				n, err := do(c, l)
				if err == nil && n == 0 && q.ID != "" {
					return fmt.Errorf("there is no dead letter %s", q.ID)
				}
				fmt.Fprintf(c.OutOrStdout(), "%d\n", n)
				return err
			})(c, args)
		}
		return cmd
	}
	c.AddCommand(
		filter(&cobra.Command{Use: "list", Short: "List them, newest failure first.", Args: cobra.NoArgs, RunE: with(func(c *cobra.Command, l *sqlstore.DeadLetters) error {
			letters, err := l.Find(c.Context(), q)
			for _, x := range letters {
				fmt.Fprintf(c.OutOrStdout(), "%s  %s  %-15s %-16s %-10s attempts=%d user=%s  %.80q\n", x.ID, domain.FormatTime(x.LastFailed), x.Topic, x.Group, x.Reason, x.Attempts, x.UserID, x.Error)
			}
			return err
		})}),
		&cobra.Command{Use: "show ID", Short: "Show one, with its bytes.", Args: cobra.ExactArgs(1), RunE: with(func(c *cobra.Command, l *sqlstore.DeadLetters) error {
			letters, err := l.Find(c.Context(), q)
			if err != nil || len(letters) == 0 {
				return errors.Join(err, fmt.Errorf("there is no dead letter %s", q.ID))
			}
			return show(c.OutOrStdout(), letters[0])
		})},
		change("redrive", "Hand them to their group again.", func(c *cobra.Command, l *sqlstore.DeadLetters) (int, error) {
			return l.Redrive(c.Context(), q)
		}),
		change("discard", "Remove them; their effect never happens.", func(c *cobra.Command, l *sqlstore.DeadLetters) (int, error) {
			return l.Discard(c.Context(), q)
		}),
	)
	return c
}
