package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/identity"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	core "github.com/tasktide/tasktide/core/identity"
	"github.com/tasktide/tasktide/ports"
)

// issuer is the built-in accounts, in the process that serves them. It is nil in
// every other.
type issuer struct {
	deps  identity.Deps
	keys  *core.Keys
	store *sqlstore.Identity
}

func newIssuer(cfg Config, log *slog.Logger, db *sqlstore.DB, clock ports.Clock, who *clients) *issuer {
	if !cfg.servesAccounts() {
		return nil
	}
	store := sqlstore.NewIdentity(db)
	keys := core.NewKeys(store, clock, cfg.AuthSecret)
	return &issuer{keys: keys, store: store, deps: identity.Deps{
		Service: newAccounts(cfg, db, store, clock), Tokens: identity.NewTokens(keys, cfg.PublicURL, clock), PublicURL: cfg.PublicURL,
		Origins: cfg.CORSOrigins, ClientAddress: who.address, Limiter: core.NewLimiter(clock), Log: log,
	}}
}

func newAccounts(cfg Config, db *sqlstore.DB, store *sqlstore.Identity, clock ports.Clock) *core.Service {
	return core.New(core.Deps{Accounts: store, Sessions: store, Eraser: sqlstore.NewUsers(db), Clock: clock, Open: cfg.SignUp == "open"})
}

// serve mounts the routes, keeps the keys fresh, and prints the link of a first run.
func (i *issuer) serve(r runtime, writes *rest.Writes) {
	if i == nil {
		return
	}
	i.deps.Writes = writes.Take
	r.Server.mountFirst(func(app *fiber.App) { identity.Mount(app, i.deps) })
	r.append(background(r.Log, "signing keys", func(ctx context.Context) error {
		i.keys.Run(ctx, r.Log)
		return nil
	}))
	r.Lifecycle.Append(fx.StartHook(func(ctx context.Context) error {
		var known *domain.Error
		if err := i.keys.Check(ctx); errors.As(err, &known) && known.Advice != "" { // waiting would not help
			return err
		}
		return i.firstRun(ctx, os.Stderr, r.Server.withoutPage)
	}))
}

// firstRun prints how to make the first operator's account, while there is none. Where the
// page is another process's, PUBLIC_URL leads to that.
func (i *issuer) firstRun(ctx context.Context, w io.Writer, withoutPage bool) error {
	code, err := core.Offer(ctx, i.store, memory.Clock{})
	if err != nil || code == "" {
		return err
	}
	hint := ""
	if withoutPage {
		hint = "This program was built without its page, which make page builds; docs/accounts.md shows the same by curl. "
	}
	_, err = fmt.Fprintf(w, "\nThere is no operator's account yet. Make it with this link, once, within a day:\n\n  %s/sign-up?code=%s\n\n(%sTokens for scripts need no account: tasktide token.)\n\n", i.deps.PublicURL, code, hint)
	return err
}

// NewAdmin is what operators do with the accounts on db.
func NewAdmin(cfg Config, db *sqlstore.DB) *core.Admin {
	store := sqlstore.NewIdentity(db)
	return core.NewAdmin(newAccounts(cfg, db, store, memory.Clock{}), store)
}

// NewTokens signs tokens with the built-in keys on db.
func NewTokens(cfg Config, db *sqlstore.DB) *identity.Tokens {
	clock := memory.Clock{}
	return identity.NewTokens(core.NewKeys(sqlstore.NewIdentity(db), clock, cfg.AuthSecret), cfg.PublicURL, clock)
}

// errorHandler answers what fails before there is a route, in the form of its route.
func errorHandler(problem fiber.ErrorHandler, accounts bool) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		if accounts && rest.IsTooLarge(err) && identity.TooLarge(c) {
			rest.Linger(c)
			return nil
		}
		return problem(c, err)
	}
}
