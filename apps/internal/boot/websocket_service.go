package boot

import (
	"context"
	"slices"
	"time"

	"go.uber.org/fx"

	"github.com/tasktide/tasktide/adapters/auth"
	"github.com/tasktide/tasktide/adapters/identity"
	"github.com/tasktide/tasktide/adapters/live"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/realtime"
)

// drainLive is the time over which a stop closes the live connections.
const drainLive = 3 * time.Second

// WebsocketService gathers the domain topics on task-updates and brings that
// broadcast to the live connections. It comes after the services whose events it
// shows: at a stop the connections are drained first, while everything goes on.
func WebsocketService() fx.Option {
	return fx.Module(string(domain.WebsocketService), fx.Invoke(func(r runtime, verify rest.Verify, accounts *issuer, who *clients) {
		hub := realtime.NewHub(sqlstore.NewStreams(r.DB), r.Clock, r.Log, realtime.Limits{})
		countLive(r.Registry, hub)
		d := live.Deps{
			Hub: hub, Verify: verify, Origins: append(slices.Clone(r.Config.CORSOrigins), r.Config.PublicURL), ClientAddress: who.address,
			Heartbeat: time.Duration(r.Config.Heartbeat), Log: r.Log, Observer: r.Observer,
		}
		if accounts != nil {
			d.Exchange = identity.Exchange(accounts.deps)
		} else if r.Config.BetterAuthURL != "" {
			sessions := auth.NewSessions(r.Config.BetterAuthURL)
			r.Lifecycle.Append(fx.StopHook(sessions.Close))
			d.Exchange = sessions.Exchange
		}
		server := live.NewServer(d)
		r.Server.mountFirst(server.Mount)
		r.append(background(r.Log, "hub", hub.Run))
		r.listen(domain.WebsocketService, hub.Handle)
		r.consume(domain.WebsocketService, realtime.NewAggregator(r.Publisher, r.Clock, r.Observer).Handle)
		r.Lifecycle.Append(fx.StopHook(func(ctx context.Context) {
			limited, cancel := context.WithTimeout(ctx, drainLive+2*time.Second)
			defer cancel()
			hub.Drain(limited, drainLive)
			server.Stop()
		}))
	}))
}
