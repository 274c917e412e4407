package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

func TestALineSaysOfWhichRequestAndTraceItIs(t *testing.T) {
	t.Parallel()
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for name, c := range map[string]struct {
		ctx  context.Context
		want map[string]string
	}{
		"of nothing":              {context.Background(), map[string]string{}},
		"of a request":            {domain.WithRequest(context.Background(), "r1", ""), map[string]string{"correlation_id": "r1"}},
		"of a request in a trace": {domain.WithRequest(context.Background(), "r1", "00-"+trace+"-"+span+"-01"), map[string]string{"correlation_id": "r1", "trace_id": trace, "span_id": span}},
		"of no trace context":     {domain.WithRequest(context.Background(), "r1", "nonsense"), map[string]string{"correlation_id": "r1"}},
	} {
		var out bytes.Buffer
		log := slog.New(related{slog.NewJSONHandler(&out, nil)}).With("service", "audit-service")
		log.InfoContext(c.ctx, "said", "topic", "task-created")
		var line map[string]string
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		delete(line, "time")
		want := maps.Clone(c.want)
		maps.Copy(want, map[string]string{"level": "INFO", "msg": "said", "service": "audit-service", "topic": "task-created"})
		if !maps.Equal(line, want) {
			t.Errorf("%s: %v, want %v", name, line, want)
		}
	}
}
