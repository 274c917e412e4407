package dapr

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
)

// BenchmarkStateWrite compares the ways to write state through daprd, eight
// writers at once, each write a new row with a TTL. cpu-us/op is what our process
// and daprd burn together; PostgreSQL's part is the same in all.
func BenchmarkStateWrite(b *testing.B) {
	d := cluster.StartDaprd(b, cluster.DaprdOptions{AppID: "bench", Dapr: need(b, shared.rendered), LogLevel: "warn", Args: []string{"--app-port", "0"}})
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort = d.HTTPPort, d.GRPCPort
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", d.GRPCPort), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	api := runtimev1.NewDaprClient(conn)
	c := client(b, cfg)
	s := dapr.NewState(c)
	const bulk, writers = 8, 8
	for _, way := range []struct {
		name  string
		rows  int // of a call
		write func(context.Context, []string) error
	}{
		{"adapter", 1, func(ctx context.Context, k []string) error {
			return s.Put(ctx, ports.Item{Key: k[0], Value: started, Mode: ports.IfAbsent, TTL: time.Hour})[0]
		}},
		{"bare_grpc_save", 1, func(ctx context.Context, k []string) error { return save(ctx, api, k) }},
		{"bare_grpc_save_of_8", bulk, func(ctx context.Context, k []string) error { return save(ctx, api, k) }},
		{"bare_grpc_transaction", 1, func(ctx context.Context, k []string) error { return transact(ctx, api, k) }},
		{"bare_http_save", 1, func(ctx context.Context, k []string) error { return saveHTTP(ctx, d.URL(), k[0]) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			var next atomic.Int64
			var wg sync.WaitGroup
			id := uuid.NewString()
			before := cpu(b, d.Process().PID())
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for {
						n := next.Add(int64(way.rows))
						if n > int64(b.N) {
							return
						}
						keys := make([]string, way.rows)
						for i := range keys {
							keys[i] = fmt.Sprintf("bench-%s-%d", id, n-int64(i))
						}
						if err := way.write(context.Background(), keys); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			used := cpu(b, d.Process().PID()) - before
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

var started = []byte(`{"state":"started","attempts":1,"by":"1f2e3d4c-1","at":"2026-02-04T10:00:00.000000Z"}`)

func wire(keys []string) []*commonv1.StateItem {
	var out []*commonv1.StateItem
	for _, k := range keys {
		out = append(out, &commonv1.StateItem{
			Key: k, Value: started, Metadata: map[string]string{"contentType": "application/json", "ttlInSeconds": "3600"},
			Options: &commonv1.StateOptions{Concurrency: commonv1.StateOptions_CONCURRENCY_FIRST_WRITE},
		})
	}
	return out
}

func save(ctx context.Context, api runtimev1.DaprClient, keys []string) error {
	_, err := api.SaveState(ctx, &runtimev1.SaveStateRequest{StoreName: "statestore", States: wire(keys)})
	return err
}

func transact(ctx context.Context, api runtimev1.DaprClient, keys []string) error {
	req := &runtimev1.ExecuteStateTransactionRequest{StoreName: "statestore"}
	for _, i := range wire(keys) {
		req.Operations = append(req.Operations, &runtimev1.TransactionalStateOperation{OperationType: "upsert", Request: i})
	}
	_, err := api.ExecuteStateTransaction(ctx, req)
	return err
}

func saveHTTP(ctx context.Context, url, key string) error {
	body, _ := json.Marshal([]map[string]any{{
		"key": key, "value": json.RawMessage(started), "metadata": map[string]string{"ttlInSeconds": "3600"},
		"options": map[string]string{"concurrency": "first-write"},
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1.0/state/statestore", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// cpu is what this process and pid have used so far.
func cpu(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		tb.Fatal(err)
	}
	used := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Skip("CPU times are read from /proc: ", err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	for _, f := range fields[11:13] { // utime and stime, in ticks of 10 ms
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		used += time.Duration(ticks) * 10 * time.Millisecond
	}
	return used
}
