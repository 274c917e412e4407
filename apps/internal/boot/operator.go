package boot

import (
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// operator is what the routes for who runs the system look at.
func (r runtime) operator() rest.Operator {
	return rest.Operator{
		Letters: sqlstore.NewDeadLetters(r.DB), Outbox: sqlstore.NewOutbox(r.DB), Lag: r.Transport.lag, Source: r.Transport.lagSource,
		Topics: r.Transport.topics, Counted: r.Transport.counted, Checks: func() []rest.Check { return r.Server.checks },
	}
}
