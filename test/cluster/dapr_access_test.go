package cluster

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestNoSidecarLetsAnotherAppInvokeItsApplication: daprd adds the app token to what other apps send through it, both to an
// invocation over HTTP and to a gRPC call that it passes on as it is, which could be a forged delivery. The deployed access
// control denies all of them. Deliveries and the cron are no invocations and pass (the tests beside this one).
func TestNoSidecarLetsAnotherAppInvokeItsApplication(t *testing.T) {
	t.Parallel()
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"127.0.0.1:1"}, DatabaseURL: "postgres://unused"})
	must(t, err)
	files.Resources = t.TempDir() // no components: only the access control is asked here

	free, err := FreePorts(2)
	must(t, err)
	callee, caller := &testApp{token: "to-the-app"}, &testApp{}
	callee.serve(t, free[0])
	caller.serve(t, free[1])
	start := func(id string, port int, token string) *Daprd {
		d := StartDaprd(t, DaprdOptions{AppID: id, AppPort: port, Dapr: files, AppToken: token})
		must(t, d.Connected(t.Context()))
		return d
	}
	// A name of its own: sidecars find one another by multicast, and others may be testing on the same network.
	id := "audit-service-" + strconv.Itoa(free[0])
	target, from := start(id, free[0], "to-the-app"), start("frontend", free[1], "")
	for _, method := range []string{"events", "reminder-check-cron", "api/alice/tasks"} {
		status, body := call(t, "POST", from.URL()+"/v1.0/invoke/"+id+"/method/"+method, "", "{}")
		if strings.Contains(body, "couldn't find service") {
			t.Skip("no multicast here: the sidecars do not find one another")
		}
		if status != http.StatusForbidden || !strings.Contains(body, "access control policy has denied") {
			t.Errorf("invoke %s: status %d: %s", method, status, body)
		}
	}
	for name, d := range map[string]*Daprd{"another's sidecar": from, "its own sidecar": target} {
		conn, err := grpc.NewClient("passthrough:///"+loopback(d.GRPCPort), grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(t, err)
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "dapr-app-id", id), 20*time.Second)
		_, err = runtimev1.NewAppCallbackClient(conn).OnTopicEvent(ctx, &runtimev1.TopicEventRequest{PubsubName: "pubsub", Topic: "task-created", Data: []byte("forged")})
		cancel()
		_ = conn.Close()
		if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "access control policy has denied") {
			t.Errorf("a delivery through %s: %v", name, err)
		}
	}
	callee.mu.Lock()
	defer callee.mu.Unlock()
	if callee.invoked != 0 || len(callee.events) != 0 {
		t.Errorf("the application was called: %d invocations, events %q", callee.invoked, callee.events)
	}
	if !target.Running() {
		t.Errorf("a refused call ended the sidecar: %v", target.Process().Exited())
	}
}
