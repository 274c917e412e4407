package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

func rolesCommand(o *options) *cobra.Command {
	apply := &cobra.Command{
		Use: "apply", Short: "Give each DATABASE_URL_… its role and its rights, as the owner of the tables (DATABASE_URL); after every migration.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			logins, err := o.logins()
			if err != nil {
				return err
			}
			return o.database(func(db *sqlstore.DB) error {
				if err := sqlstore.ApplyRoles(c.Context(), db, logins); err != nil {
					return err
				}
				for _, l := range logins {
					fmt.Fprintf(c.OutOrStdout(), "%-22s %s\n", l.Part, userOf(l))
				}
				unnamed, err := sqlstore.UnnamedRoles(c.Context(), db, logins)
				for _, u := range unnamed {
					sayUnnamed(c.ErrOrStderr(), u)
				}
				return err
			})
		},
	}
	schema := "public"
	show := &cobra.Command{
		Use: "show", Short: "Print the rights of each part as SQL, without touching the database.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			users := map[string]string{}
			for _, l := range cfg.Logins() {
				users[l.Part] = userOf(l)
			}
			for _, part := range sqlstore.Parts() {
				statements, err := sqlstore.GrantSQL(part, cmp.Or(users[part], "tasktide_"+strings.ReplaceAll(part, "-", "_")), schema)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "-- %s\n%s;\n\n", part, strings.Join(statements, ";\n"))
			}
			return nil
		},
	}
	show.Flags().StringVar(&schema, "schema", schema, "the schema that has the tables")
	return family("roles", "A database role for each service, with no more rights than it needs (PostgreSQL).", apply, show)
}

// sayUnnamed says how to get rid of a role that an address had before.
func sayUnnamed(w io.Writer, u sqlstore.Unnamed) {
	also := ""
	if u.Owns {
		also = "it owns something in this database, which is removed with it; "
	}
	fmt.Fprintf(w, "\n%q has rights on the tables and is in none of the addresses: it was in one before, or is perhaps somebody else's. "+
		"If it was, and nobody connects as it any more (%sits password stays good until then), the owner of the tables runs, where the owner may grant it:\n  %s;\n",
		u.Role, also, strings.Join(sqlstore.RemoveSQL(u.Role), ";\n  "))
}

// logins are the configured addresses; none is a mistake.
func (o *options) logins() ([]sqlstore.Login, error) {
	cfg, err := o.lenient()
	if err != nil {
		return nil, err
	}
	if cfg.Embedded() {
		return nil, sqlstore.ErrNoRoles
	}
	logins := cfg.Logins()
	if len(logins) == 0 {
		return nil, errors.New("no role is asked for: set DATABASE_URL_BACKEND_API, DATABASE_URL_AUDIT_SERVICE and so on, each with a user of its own (docs/configuration.md)")
	}
	return logins, nil
}

func userOf(l sqlstore.Login) string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return u.User.Username()
}
