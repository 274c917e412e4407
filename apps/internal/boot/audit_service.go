package boot

import (
	"go.uber.org/fx"

	"github.com/tasktide/tasktide/core/audit"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// AuditService records every task event.
func AuditService() fx.Option {
	return fx.Module(string(domain.AuditService), fx.Invoke(func(r runtime, store ports.AuditStore) {
		r.consume(domain.AuditService, audit.NewRecorder(store).Handle)
	}))
}
