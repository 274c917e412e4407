package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/tasktide/tasktide/adapters/gateway"
	"github.com/tasktide/tasktide/core/domain"
)

func TestARequestIsPassedOnAsAPartOfTheGatewaysTrace(t *testing.T) {
	const client, ours = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
	says := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Header.Get("Traceparent"))
	})
	ended := make(chan string, 4)
	w := newWorld(t, says, says, func(o *gateway.Options) {
		o.Trace = func(ctx context.Context, method, path, scheme string) (context.Context, func(string, int, error)) {
			began := fmt.Sprintf("%s %s %s below %s", scheme, method, path, domain.TraceParentFrom(ctx))
			return domain.WithRequest(ctx, domain.CorrelationIDFrom(ctx), ours), func(route string, status int, err error) {
				ended <- fmt.Sprintf("%s: %q %d %v", began, route, status, err)
			}
		}
	})
	if a := w.ask("GET", "/api/alice/tasks?search=secret", nil, "Traceparent: "+client); a.body != ours {
		t.Errorf("the service is asked as a part of %q", a.body)
	}
	if got, want := <-ended, `http GET /api/alice/tasks below `+client+`: "" 418 <nil>`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if a := w.ask("GET", "/api/sse/alice", nil, "Traceparent: "+client); a.body != client {
		t.Errorf("a stream is asked for as a part of %q", a.body)
	}
	if len(ended) != 0 {
		t.Error("what may last for hours has a span at the gateway")
	}
}
