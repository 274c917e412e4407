package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/apps/internal/boot"
)

func backupCommand(o *options) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "backup FILE", Short: "Write all data of one server (SQLite) to a file, while it runs.", Args: oneFile,
		Long: "Write the database, as it is at one moment, to a file that only its owner can read. " +
			"The server may run. For PostgreSQL use pg_dump.",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			m, err := boot.Backup(c.Context(), cfg, args[0], force)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: schema %d, database of %d bytes\n", args[0], m.Schema, m.Files[0].Size)
			return err
		},
	}
	c.Flags().BoolVar(&force, "force", false, "replace FILE if it is there")
	return c
}

func restoreCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup back, while the server is stopped.", Args: oneFile,
		Long: "Replace the data of one server (SQLite) by a backup. The server must be stopped. The file is checked completely before anything is touched; " +
			"the data that is replaced is kept in a folder beside it. For PostgreSQL use pg_restore.",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			m, aside, err := boot.Restore(c.Context(), cfg, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "restored %s, made at %s; what was there before is in %s\n", args[0], m.Created.Format("2006-01-02T15:04:05Z"), aside)
			return err
		},
	}
}

func oneFile(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return wrong("%s takes the name of one file, not %d", c.CommandPath(), len(args))
	}
	return nil
}
