package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
)

// letters are the flags of the commands on dead letters.
type letters struct {
	o            *options
	q            domain.DeadLetterQuery
	since, until moment
	topic        string
	json         bool
	all, dry     bool
}

func deadLettersCommand(o *options) *cobra.Command {
	return family("deadletters", "Events that a group gave up on.",
		listLetters(o), showLetter(o),
		changeLetters(o, "redrive", "Hand them to their group again.", (*sqlstore.DeadLetters).Redrive),
		changeLetters(o, "discard", "Remove them; their effect never happens.", (*sqlstore.DeadLetters).Discard),
	)
}

func (l *letters) filters(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&l.topic, "topic", "", "of this topic")
	f.StringVar(&l.q.Group, "group", "", "of this group")
	f.StringVar(&l.q.UserID, "user", "", "of this user")
	f.StringVar(&l.q.ErrorContains, "error", "", "whose error contains this")
	f.Var(&l.since, "since", "that failed last after this time, or within this time, such as 1h")
	f.Var(&l.until, "until", "that failed last before this time, or longer ago than this, such as 1h")
	f.IntVar(&l.q.Limit, "limit", 0, "at most so many, newest failure first; 0: all")
	f.BoolVar(&l.json, "json", false, "print JSON")
}

func (l *letters) use(ctx context.Context, do func(context.Context, *sqlstore.DeadLetters) error) error {
	if l.q.Limit < 0 {
		return wrong("--limit %d: give a number from 0 on; 0 is all", l.q.Limit)
	}
	if l.topic != "" && !known(domain.Topic(l.topic)) {
		return wrong("--topic %q: choose one of %v", l.topic, domain.Topics())
	}
	if l.since.at != nil && l.until.at != nil && !l.since.at.Before(*l.until.at) {
		return wrong("--since %s is not before --until %s: nothing can match", &l.since, &l.until)
	}
	l.q.Topic, l.q.After, l.q.Before = domain.Topic(l.topic), l.since.at, l.until.at
	return l.o.database(func(db *sqlstore.DB) error { return do(ctx, sqlstore.NewDeadLetters(db)) })
}

func known(t domain.Topic) bool {
	for _, one := range domain.Topics() {
		if one == t {
			return true
		}
	}
	return false
}

func listLetters(o *options) *cobra.Command {
	l := &letters{o: o}
	c := &cobra.Command{Use: "list", Short: "List them, newest failure first.", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return l.use(c.Context(), func(ctx context.Context, store *sqlstore.DeadLetters) error {
			found, err := store.Find(ctx, l.q)
			for _, x := range found {
				if l.json {
					err = errors.Join(err, printJSON(c.OutOrStdout(), summary(x), false))
					continue
				}
				fmt.Fprintf(c.OutOrStdout(), "%s  %s  %-15s %-16s %-10s attempts=%d user=%s  %.80q\n", x.ID, domain.FormatTime(x.LastFailed), x.Topic, x.Group, x.Reason, x.Attempts, x.UserID, x.Error)
			}
			return err
		})
	}}
	l.filters(c)
	return c
}

func showLetter(o *options) *cobra.Command {
	l := &letters{o: o}
	return &cobra.Command{Use: "show ID", Short: "Show one as JSON, with its bytes.", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		l.q.ID = args[0]
		return l.use(c.Context(), func(ctx context.Context, store *sqlstore.DeadLetters) error {
			found, err := store.Find(ctx, l.q)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return fmt.Errorf("there is no dead letter %s", l.q.ID)
			}
			return printJSON(c.OutOrStdout(), whole(found[0]), true)
		})
	}}
}

// changeLetters redrives or discards one letter by its id, or all that match with --all.
func changeLetters(o *options, name, short string, do func(*sqlstore.DeadLetters, context.Context, domain.DeadLetterQuery) (int, error)) *cobra.Command {
	l := &letters{o: o}
	c := &cobra.Command{Use: name + " [ID]", Short: short, Args: cobra.MaximumNArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if (len(args) == 1) == l.all {
			return wrong("name one letter, or say --all for all that match the filters")
		}
		if len(args) == 1 {
			l.q.ID = args[0]
		}
		return l.use(c.Context(), func(ctx context.Context, store *sqlstore.DeadLetters) error {
			act := do
			if l.dry {
				act = (*sqlstore.DeadLetters).Count
			}
			n, err := act(store, ctx, l.q)
			if err == nil && n == 0 && l.q.ID != "" {
				err = fmt.Errorf("there is no dead letter %s", l.q.ID)
			}
			if err != nil {
				return err
			}
			if l.json {
				return printJSON(c.OutOrStdout(), map[string]any{"count": n, "dry_run": l.dry}, false)
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d\n", n)
			return err
		})
	}}
	l.filters(c)
	c.Flags().BoolVar(&l.all, "all", false, "all that match, without naming one")
	c.Flags().BoolVar(&l.dry, "dry-run", false, "only count them")
	return c
}
