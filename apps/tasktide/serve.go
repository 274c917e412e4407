package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/apps/internal/boot"
)

func serveCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run all services in this process.", Args: cobra.NoArgs,
		Long: "Run all services in this process. Without configuration: an in-memory bus and a SQLite file in DATA_DIR (./data), on http://127.0.0.1:8000.",
		RunE: func(*cobra.Command, []string) error {
			cfg, err := o.load()
			if err != nil {
				return err
			}
			*o.code = boot.Run(cfg, boot.BackendAPI(), boot.AuditService(), boot.NotificationService(), boot.RecurringService(), boot.WebsocketService(), boot.Page(), boot.Last())
			return nil
		},
	}
}

func tokenCommand(o *options) *cobra.Command {
	var user, scope string
	var ttl time.Duration
	c := &cobra.Command{
		Use: "token --user U", Short: "Print a signed token for a user, for scripts.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if user == "" {
				return wrong("--user is missing: give the id of the user whom the token is for")
			}
			if err := checkUser(user); err != nil {
				return wrong("--user: %w", err)
			}
			if ttl < time.Second {
				return wrong("--ttl %s: give a time to live of 1s or more, such as 1h", ttl)
			}
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			token, err := sign(c.Context(), cfg, user, scope, ttl)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), token)
			return err
		},
	}
	c.Flags().StringVar(&user, "user", "", "the user's id (required)")
	c.Flags().StringVar(&scope, "scope", "", "a scope, such as operator")
	c.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token is good")
	return c
}

// sign signs with the configured secret, or else with the key of the built-in accounts.
func sign(ctx context.Context, cfg boot.Config, user, scope string, ttl time.Duration) (string, error) {
	if cfg.JWTSecret != "" {
		s, err := auth.NewSigner([]byte(cfg.JWTSecret), cfg.JWTIssuer, cfg.JWTAudience)
		if err != nil {
			return "", err
		}
		return s.Sign(user, scope, ttl)
	}
	if cfg.BetterAuthURL != "" {
		return "", fmt.Errorf("tokens come from the issuer at BETTER_AUTH_URL; set JWT_SECRET to sign here")
	}
	db, err := boot.OpenAccounts(ctx, cfg)
	if err != nil {
		return "", err
	}
	token, err := boot.NewTokens(cfg, db).Sign(ctx, user, scope, ttl)
	return token, errors.Join(err, db.Close())
}

func configCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "config", Short: "Print the configuration in force, secrets hidden, and what is wrong with it.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := o.load()
			if cfg.DataDir != "" {
				for _, line := range cfg.Lines() {
					fmt.Fprintln(c.OutOrStdout(), line)
				}
			}
			return err
		},
	}
}

func healthCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "health", Short: "Ask the running server whether it is ready.", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			return boot.Health(cfg, os.Stdout)
		},
	}
}
