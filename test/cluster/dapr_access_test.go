package cluster

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
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

// access is a foreign application and one of ours, each with its sidecar, on the deployed components and access control.
type access struct {
	*testing.T
	callee       *testApp
	id           string // ours
	ours, theirs *Daprd
}

// newAccess starts them. With open there is no access control: whatever gets through then is what that control refuses.
func newAccess(t *testing.T, sentry *Sentry, open bool) *access {
	t.Helper()
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"127.0.0.1:1"}, DatabaseURL: "postgres://unused"})
	must(t, err)
	ours := files
	ours.Resources = t.TempDir() // nothing to connect to: only who may call is asked here
	if open {
		ours.Config = filepath.Join(t.TempDir(), "open.yaml")
		must(t, os.WriteFile(ours.Config, []byte("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: appconfig}\nspec: {}\n"), 0o600))
	}
	free, err := FreePorts(2)
	must(t, err)
	a := &access{T: t, callee: &testApp{token: "to-the-app"}}
	a.callee.serve(t, free[0])
	(&testApp{}).serve(t, free[1])
	// A name of its own: sidecars find one another by multicast, and others may be testing on the same network.
	a.id = "audit-service-" + strconv.Itoa(free[0])
	a.ours = StartDaprd(t, DaprdOptions{AppID: a.id, AppPort: free[0], Dapr: ours, AppToken: "to-the-app", Sentry: sentry})
	a.theirs = StartDaprd(t, DaprdOptions{AppID: "foreign-" + strconv.Itoa(free[1]), AppPort: free[1], Dapr: files, Sentry: sentry})
	must(t, a.ours.Connected(t.Context()))
	must(t, a.theirs.Connected(t.Context()))
	return a
}

// invoke is service invocation over HTTP.
func (a *access) invoke(method string) (int, string) {
	a.Helper()
	status, body := call(a.T, "POST", a.theirs.URL()+"/v1.0/invoke/"+a.id+"/method/"+method, "", "{}")
	if strings.Contains(body, "couldn't find service") {
		a.Skip("no multicast here: the sidecars do not find one another")
	}
	return status, body
}

// passOn are the calls of a sidecar to its application, made by another one through d, which only passes them on.
func (a *access) passOn(d *Daprd) map[string]error {
	a.Helper()
	conn, err := grpc.NewClient("passthrough:///"+loopback(d.GRPCPort), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(a.T, err)
	defer func() { _ = conn.Close() }()
	app := runtimev1.NewAppCallbackClient(conn)
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(a.Context(), "dapr-app-id", a.id), 20*time.Second)
	defer cancel()
	errs := map[string]error{}
	_, errs["an event"] = app.OnTopicEvent(ctx, &runtimev1.TopicEventRequest{PubsubName: "pubsub", Topic: "task-created", Data: []byte("forged")})
	_, errs["the cron"] = app.OnBindingEvent(ctx, &runtimev1.BindingEventRequest{Name: "reminder-check-cron"})
	return errs
}

func (a *access) called() (invoked int, events []string) {
	a.callee.mu.Lock()
	defer a.callee.mu.Unlock()
	return a.callee.invoked, a.callee.events
}

// TestNobodyCallsAnApplicationThroughSidecars: daprd adds the app token to what other apps send through it, both to an
// invocation over HTTP and to a gRPC call that it passes on as it is, which could be a forged delivery. The deployed access
// control denies all of them, with Dapr's mutual TLS, where each sidecar has a certificate with its name, and without.
// Deliveries and the cron are no invocations and pass (the tests beside this one). REST is called without sidecars, at the
// application's own port.
func TestNobodyCallsAnApplicationThroughSidecars(t *testing.T) {
	t.Parallel()
	sentry, err := NewSentry(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { cleanup(t, sentry.Server) })
	for name, with := range map[string]*Sentry{"mutual TLS": sentry, "no TLS": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccess(t, with, false)
			for _, method := range []string{"events/task-created", "reminder-check-cron", "api/alice/tasks"} {
				status, body := a.invoke(method)
				if status != http.StatusForbidden || !strings.Contains(body, "access control policy has denied") {
					t.Errorf("invoke %s: status %d: %s", method, status, body)
				}
			}
			for through, d := range map[string]*Daprd{"another's sidecar": a.theirs, "its own sidecar": a.ours} {
				for what, err := range a.passOn(d) {
					if status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "access control policy has denied") {
						t.Errorf("%s through %s: %v", what, through, err)
					}
				}
			}
			if invoked, events := a.called(); invoked != 0 || len(events) != 0 {
				t.Errorf("the application was called: %d invocations, events %q", invoked, events)
			}
			if !a.ours.Running() {
				t.Errorf("a refused call ended the sidecar: %v", a.ours.Process().Exited())
			}
		})
	}
	t.Run("without access control they would", func(t *testing.T) {
		t.Parallel()
		a := newAccess(t, sentry, true)
		if status, body := a.invoke("anything"); status != http.StatusOK {
			t.Errorf("invoke: status %d: %s", status, body)
		}
		if err := a.passOn(a.theirs)["an event"]; err != nil {
			t.Errorf("an event: %v", err)
		}
		if invoked, events := a.called(); invoked != 1 || len(events) != 1 || events[0] != "forged" {
			t.Errorf("%d invocations, events %q", invoked, events)
		}
	})
}

// TestASidecarTellsItsApplicationNoSecrets: the one by which components get theirs, with what would read all keys of app-secrets, the
// database's owner and the tokens' among them. Without the configuration it would.
func TestASidecarTellsItsApplicationNoSecrets(t *testing.T) {
	t.Parallel()
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"127.0.0.1:1"}, DatabaseURL: "postgres://unused"})
	must(t, err)
	only := files
	only.Resources = t.TempDir() // nothing to connect to
	b, err := os.ReadFile(filepath.Join(files.Resources, "secrets.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(only.Resources, "secrets.yaml"), b, 0o600))
	open := only
	open.Config = filepath.Join(t.TempDir(), "open.yaml")
	must(t, os.WriteFile(open.Config, []byte("apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: appconfig}\nspec: {}\n"), 0o600))
	for name, with := range map[string]RenderedDapr{"as deployed": only, "without configuration": open} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := StartDaprd(t, DaprdOptions{AppID: "audit-service", Dapr: with})
			for _, path := range []string{"/v1.0/secrets/secretstore/app-secrets", "/v1.0/secrets/secretstore/bulk"} {
				status, body := call(t, "GET", d.URL()+path, "", "")
				told := status == http.StatusOK && strings.Contains(body, "postgres://unused")
				if told != (name != "as deployed") {
					t.Errorf("%s: status %d: %s", path, status, body)
				}
			}
		})
	}
}

// TestAForeignApplicationHasNoneOfOurComponents: a sidecar of another name, in the same namespace, loads none of them: it
// publishes nothing, reads no state and no secret, and has no port of ours to call without a certificate.
func TestAForeignApplicationHasNoneOfOurComponents(t *testing.T) {
	t.Parallel()
	sentry, err := NewSentry(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { cleanup(t, sentry.Server) })
	a := newAccess(t, sentry, false)
	for _, c := range []struct{ method, path, says string }{
		{"POST", "/v1.0/publish/pubsub/task-created?metadata.rawPayload=true", "ERR_PUBSUB_NOT_"},
		{"POST", "/v1.0/publish/pubsub-broadcast/task-updates?metadata.rawPayload=true", "ERR_PUBSUB_NOT_"},
		{"GET", "/v1.0/state/statestore/processed-1-audit-service", "ERR_STATE_STORE_NOT_"},
		{"GET", "/v1.0/secrets/secretstore/app-secrets", "ERR_SECRET_STORE"},
		{"POST", "/v1.0/bindings/reminder-check-cron", "ERR_INVOKE_OUTPUT_BINDING"},
	} {
		status, body := call(t, c.method, a.theirs.URL()+c.path, "", "{}")
		if status/100 == 2 || !strings.Contains(body, c.says) {
			t.Errorf("%s: status %d: %s", c.path, status, body)
		}
	}
	conn, err := grpc.NewClient("passthrough:///"+loopback(a.ours.InternalPort), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := conn.Invoke(ctx, "/dapr.proto.internals.v1.ServiceInvocation/CallLocal", &runtimev1.TopicEventRequest{}, &runtimev1.TopicEventResponse{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a call without a certificate: %v", err)
	}
}
