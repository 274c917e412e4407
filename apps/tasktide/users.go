package main

import (
	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/boot"
)

func usersCommand(o *options) *cobra.Command {
	var yes bool
	erase := &cobra.Command{
		Use: "erase USER --yes", Short: "Remove all of a user's data, for good.", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkUser(args[0]); err != nil {
				return err
			}
			if !yes {
				return wrong("this removes everything of user %q for good: repeat it with --yes", args[0])
			}
			return o.database(func(db *sqlstore.DB) error {
				gone, err := boot.NewUsers(db, memory.Clock{}).Erase(c.Context(), args[0])
				if err != nil {
					return err
				}
				return printJSON(c.OutOrStdout(), map[string]any{
					"user_id": args[0], "tasks": gone.Tasks, "events": gone.Events, "audit_entries": gone.AuditEntries,
					"notifications": gone.Notifications, "dead_letters": gone.DeadLetters, "accounts": gone.Accounts, "position": gone.Position,
				}, false)
			})
		},
	}
	erase.Flags().BoolVar(&yes, "yes", false, "yes, for good")
	export := &cobra.Command{
		Use: "export USER", Short: "Print all of a user's data as JSON.", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkUser(args[0]); err != nil {
				return err
			}
			return o.database(func(db *sqlstore.DB) error {
				return rest.WriteExport(c.Context(), c.OutOrStdout(), args[0], boot.NewUsers(db, memory.Clock{}))
			})
		},
	}
	return family("users", "Accounts, and all of a user's data.", createAccount(o), listAccounts(o), grantScope(o), resetPassword(o), export, erase)
}
