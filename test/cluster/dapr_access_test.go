package cluster

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestNoSidecarLetsAnotherAppInvokeItsApplication: without certificates no caller is known, so the default of the
// deployed access control holds for all. Deliveries and the cron are no invocations and pass (the tests beside this one).
func TestNoSidecarLetsAnotherAppInvokeItsApplication(t *testing.T) {
	t.Parallel()
	files, err := RenderDapr(t.TempDir(), Addresses{Brokers: []string{"127.0.0.1:1"}, DatabaseURL: "postgres://unused"})
	must(t, err)
	files.Resources = t.TempDir() // no components: only the access control is asked here

	ports, err := FreePorts(2)
	must(t, err)
	callee, caller := &testApp{}, &testApp{}
	callee.serve(t, ports[0])
	caller.serve(t, ports[1])
	start := func(id string, port int) *Daprd {
		d := StartDaprd(t, DaprdOptions{AppID: id, AppPort: port, Dapr: files})
		must(t, d.Connected(t.Context()))
		return d
	}
	// A name of its own: sidecars find one another by multicast, and others may be testing on the same network.
	id := "audit-service-" + strconv.Itoa(ports[0])
	target, from := start(id, ports[0]), start("frontend", ports[1])
	for _, method := range []string{"events", "reminder-check-cron", "api/alice/tasks"} {
		status, body := call(t, "POST", from.URL()+"/v1.0/invoke/"+id+"/method/"+method, "", "{}")
		if strings.Contains(body, "couldn't find service") {
			t.Skip("no multicast here: the sidecars do not find one another")
		}
		if status != http.StatusForbidden || !strings.Contains(body, "access control policy has denied") {
			t.Errorf("invoke %s: status %d: %s", method, status, body)
		}
	}
	if callee.cron != 0 || len(callee.events) != 0 {
		t.Error("the application was called")
	}
	if !target.Running() {
		t.Errorf("a refused call ended the sidecar: %v", target.Process().Exited())
	}
}
