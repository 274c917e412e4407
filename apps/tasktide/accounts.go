package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/apps/internal/boot"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/identity"
)

// accounts gives do the accounts of the configured database.
func (o *options) accounts(ctx context.Context, do func(*identity.Admin) error) error {
	cfg, err := o.lenient()
	if err != nil {
		return err
	}
	db, err := boot.OpenAccounts(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(boot.NewAdmin(cfg, db)), db.Close())
}

// account finds one by what the command line says.
func (o *options) account(ctx context.Context, who string, do func(*identity.Admin, domain.Account) error) error {
	return o.accounts(ctx, func(a *identity.Admin) error {
		found, err := a.Find(ctx, who)
		if errors.Is(err, domain.ErrNotFound) || errors.Is(err, domain.ErrInvalid) {
			return fmt.Errorf("there is no account with the id or e-mail address %.80q: tasktide users list shows all", who)
		} else if err != nil {
			return err
		}
		return do(a, found)
	})
}

// newPassword reads a line of standard input, or makes a password.
func newPassword(c *cobra.Command, stdin bool) (string, error) {
	if !stdin {
		return identity.GeneratePassword(), nil
	}
	line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", wrong("--stdin: standard input has no password")
	}
	return line, nil
}

// checkScope refuses what no route asks for.
func checkScope(scope string) error {
	if scope != domain.ScopeOperator {
		return wrong("%.60q is no scope: there is only %s", scope, domain.ScopeOperator)
	}
	return nil
}

func createAccount(o *options) *cobra.Command {
	var name, scope string
	var stdin bool
	c := &cobra.Command{
		Use: "create EMAIL", Short: "Make an account, and print its password.", Args: cobra.ExactArgs(1),
		Long: "Make an account, also where sign-up is closed. Prints a new password, to hand over; with --stdin it is the first line of standard input, and nothing is printed.",
		RunE: func(c *cobra.Command, args []string) error {
			if scope != "" {
				if err := checkScope(scope); err != nil {
					return err
				}
			}
			password, err := newPassword(c, stdin)
			if err != nil {
				return err
			}
			if name == "" {
				name, _, _ = strings.Cut(args[0], "@")
			}
			return o.accounts(c.Context(), func(a *identity.Admin) error {
				made, err := a.Create(c.Context(), name, args[0], password, scope)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "made the account %s of %s\n", made.ID, made.Email)
				return show(c, stdin, password)
			})
		},
	}
	c.Flags().StringVar(&name, "name", "", "the person's name; the address before the @ if not given")
	c.Flags().StringVar(&scope, "scope", "", "a scope: operator")
	c.Flags().BoolVar(&stdin, "stdin", false, "read the password from standard input")
	return c
}

// show prints a password that was made here.
func show(c *cobra.Command, stdin bool, password string) error {
	if stdin {
		return nil
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), password)
	return err
}

func listAccounts(o *options) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "list", Short: "List the accounts, oldest first.", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return o.accounts(c.Context(), func(a *identity.Admin) error {
			all, err := a.List(c.Context())
			for _, x := range all {
				if asJSON {
					err = errors.Join(err, printJSON(c.OutOrStdout(), map[string]any{
						"id": x.ID, "email": x.Email, "name": x.Name, "scope": x.Scope, "created_at": domain.FormatTime(x.CreatedAt),
					}, false))
					continue
				}
				fmt.Fprintf(c.OutOrStdout(), "%s  %s  %-8s  %s  %q\n", x.ID, domain.FormatTime(x.CreatedAt), x.Scope, x.Email, x.Name)
			}
			return err
		})
	}}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func grantScope(o *options) *cobra.Command {
	var take bool
	c := &cobra.Command{
		Use: "grant USER SCOPE", Short: "Give an account a scope, or take it away.", Args: cobra.ExactArgs(2),
		Long: "Give an account a scope (operator), or take it away with --remove. USER is an id or an e-mail address. Tokens of before live for up to 15 minutes.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkScope(args[1]); err != nil {
				return err
			}
			return o.account(c.Context(), args[0], func(a *identity.Admin, found domain.Account) error {
				scope, err := a.Grant(c.Context(), found.ID, args[1], take)
				if err == nil {
					fmt.Fprintf(c.ErrOrStderr(), "%s has the scopes %q\n", found.Email, scope)
				}
				return err
			})
		},
	}
	c.Flags().BoolVar(&take, "remove", false, "take it away")
	return c
}

func resetPassword(o *options) *cobra.Command {
	var stdin bool
	c := &cobra.Command{
		Use: "reset-password USER", Short: "Give an account a new password, print it, and end its sessions.", Args: cobra.ExactArgs(1),
		Long: "Give an account a new password and end all of its sessions. USER is an id or an e-mail address. Prints the password, to hand over; with --stdin it is the first line of standard input, and nothing is printed.",
		RunE: func(c *cobra.Command, args []string) error {
			password, err := newPassword(c, stdin)
			if err != nil {
				return err
			}
			return o.account(c.Context(), args[0], func(a *identity.Admin, found domain.Account) error {
				if err := a.ResetPassword(c.Context(), found.ID, password); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "%s has a new password; all sessions have ended\n", found.Email)
				return show(c, stdin, password)
			})
		},
	}
	c.Flags().BoolVar(&stdin, "stdin", false, "read the password from standard input")
	return c
}
