package boot

import (
	"context"
	"log/slog"
	"os"

	"github.com/tasktide/tasktide/core/domain"
)

// NewLogger writes to standard error: standard output belongs to commands.
func NewLogger(cfg Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel)) // Validate has looked
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, o)
	if cfg.LogFormat == "json" {
		h = slog.NewJSONHandler(os.Stderr, o)
	}
	log := slog.New(related{h})
	if cfg.Service != "" {
		log = log.With("service", string(cfg.Service))
	}
	return log
}

// related says in each line which change it is about: the correlation id of the request
// or event that its context is of, and the trace. Whoever has one of them from an
// answer, an event, a dead letter or a trace finds the lines of every service.
type related struct{ slog.Handler }

// Handle implements slog.Handler.
func (h related) Handle(ctx context.Context, r slog.Record) error {
	if id := domain.CorrelationIDFrom(ctx); id != "" {
		r.AddAttrs(slog.String("correlation_id", id))
	}
	if trace, span, ok := domain.TraceIDs(domain.TraceParentFrom(ctx)); ok {
		r.AddAttrs(slog.String("trace_id", trace), slog.String("span_id", span))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h related) WithAttrs(attrs []slog.Attr) slog.Handler {
	return related{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h related) WithGroup(name string) slog.Handler { return related{h.Handler.WithGroup(name)} }
