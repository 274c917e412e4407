package main

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tasktide/tasktide/adapters/dapr"
	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/delivery"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
	"github.com/tasktide/tasktide/test/cluster"
)

const (
	daprTopic = domain.TaskCompleted // ours; nothing else here uses it
	bareTopic = domain.Topic("bench-bare")
)

// daprDelivery has one sidecar that delivers two topics to one app: one goes through the adapter and the contract, the
// other to a handler that makes two state calls and answers.
func daprDelivery(ctx context.Context, e *env) (result, error) {
	s, err := newSide(ctx, e)
	if err != nil {
		return result{}, err
	}
	defer s.stop()
	n := e.n(8_000)
	through := func(topic domain.Topic, kind domain.EventType) func(context.Context) (outcome, error) {
		return func(context.Context) (outcome, error) {
			var records []record
			for _, ev := range created(n, 5000) {
				ev.Type = kind
				body, err := domain.EncodeEvent(ev)
				if err != nil {
					return outcome{}, err
				}
				records = append(records, record{ev.UserID, body})
			}
			s.wait = make(chan struct{})
			s.meter.Store(newMeter(n))
			if err := produce(s.brokers, topic, records); err != nil {
				return outcome{}, err
			}
			e.prepared()
			close(s.wait)
			m := s.meter.Load()
			select {
			case <-m.all:
				return m.outcome(), nil
			case <-ctx.Done():
				return outcome{}, ctx.Err()
			}
		}
	}
	r, err := e.pairs(ctx, through(daprTopic, domain.TaskCompletedV1), through(bareTopic, domain.TaskCompletedV1))
	r.goal = "≥ 80%"
	return r, err
}

// side is the app and its sidecar.
type side struct {
	brokers []string
	meter   atomic.Pointer[meter]
	wait    chan struct{} // deliveries wait until the records of a run are all there
	stops   []func()
}

func (s *side) stop() {
	for i := len(s.stops) - 1; i >= 0; i-- {
		s.stops[i]()
	}
}

func newSide(ctx context.Context, e *env) (*side, error) {
	s := &side{}
	db, pool, err := e.database(ctx)
	if err != nil {
		return nil, err
	}
	pool.Close()
	_ = db.Close()
	server, err := e.postgres()
	if err != nil {
		return nil, err
	}
	for _, t := range []domain.Topic{daprTopic, bareTopic} {
		if _, err := e.topic(ctx, t); err != nil {
			return nil, err
		}
	}
	k, err := e.kafka()
	if err != nil {
		return nil, err
	}
	s.brokers = k.Brokers()
	files, err := cluster.RenderDapr(filepath.Join(e.dir, "dapr"), cluster.Addresses{Brokers: s.brokers, DatabaseURL: server.URL(e.name)})
	if err != nil {
		return nil, err
	}
	free, err := cluster.FreePorts(3)
	if err != nil {
		return nil, err
	}
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort = free[1], free[2]
	if err := s.app(ctx, e, cfg, free[0]); err != nil {
		return nil, err
	}
	d, err := cluster.NewDaprd(ctx, cluster.DaprdOptions{
		AppID: string(domain.AuditService), AppPort: free[0], HTTPPort: free[1], GRPCPort: free[2],
		Dir: filepath.Join(e.dir, "daprd"), Dapr: files, LogLevel: "warn",
	})
	if err != nil {
		return nil, err
	}
	s.stops = append(s.stops, func() { _ = d.Kill() })
	e.counted[d.Process().PID()] = "daprd"
	return s, d.Connected(ctx)
}

func (s *side) app(ctx context.Context, e *env, cfg dapr.Config, port int) error {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 4 << 20, ReadBufferSize: 16 << 10})
	raw := map[string]string{"rawPayload": "true"}
	app.Get("/dapr/subscribe", func(c *fiber.Ctx) error {
		return c.JSON([]map[string]any{
			{"pubsubname": cfg.PubSub, "topic": daprTopic, "route": "/events/" + string(daprTopic), "metadata": raw},
			{"pubsubname": cfg.PubSub, "topic": bareTopic, "route": "/bare", "metadata": raw},
		})
	})
	api, err := bareClient(cfg)
	if err != nil {
		return err
	}
	app.Post("/bare", func(c *fiber.Ctx) error {
		m := s.meter.Load()
		<-s.wait
		if err := bareStates(c.UserContext(), api, cfg.StateStore); err != nil {
			return c.SendStatus(fiber.StatusServiceUnavailable)
		}
		m.one()
		return c.SendStatus(fiber.StatusOK)
	})
	sub := dapr.NewSubscriber(cfg, []domain.Topic{daprTopic}, nil)
	sub.Routes(app)
	client := dapr.NewClient(cfg)
	clock := memory.Clock{}
	consumer := delivery.NewConsumer(string(domain.AuditService), func(context.Context, domain.Event) error { return nil }, delivery.Deps{
		State: dapr.NewState(client), Letters: memory.NewDeadLetters(clock, func(string) {}), Clock: clock,
		Probe: client.Health, Log: e.log,
	}, delivery.Options{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_ = sub.Subscribe(ctx, ports.Subscription{Group: string(domain.AuditService), Topics: []domain.Topic{daprTopic}}, func(ctx context.Context, msg ports.Message) ports.Answer {
			m := s.meter.Load()
			<-s.wait
			a := consumer.Handle(ctx, msg)
			if !a.Again {
				m.one()
			}
			return a
		})
	}()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		cancel()
		return err
	}
	go func() { _ = app.Listener(l) }()
	s.stops = append(s.stops, func() {
		cancel()
		_ = app.ShutdownWithTimeout(time.Second)
		_ = client.Close()
	})
	return nil
}

func bareClient(cfg dapr.Config) (runtimev1.DaprClient, error) {
	conn, err := grpc.NewClient("passthrough:///"+net.JoinHostPort(cfg.Host, strconv.Itoa(cfg.GRPCPort)), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return runtimev1.NewDaprClient(conn), nil
}

// bareStates makes the calls of a delivery that goes well: started if absent, then done.
func bareStates(ctx context.Context, api runtimev1.DaprClient, store string) error {
	item := &commonv1.StateItem{
		Key: "bare-" + uuid.NewString(), Value: []byte(`{"state":"started","attempts":1,"by":"1f2e3d4c-1","at":"2026-02-04T10:00:00.000000Z"}`),
		Metadata: map[string]string{"contentType": "application/json", "ttlInSeconds": "1209600"},
		Options:  &commonv1.StateOptions{Concurrency: commonv1.StateOptions_CONCURRENCY_FIRST_WRITE},
	}
	request := &runtimev1.SaveStateRequest{StoreName: store, States: []*commonv1.StateItem{item}}
	if _, err := api.SaveState(ctx, request); err != nil {
		return err
	}
	item.Options, item.Value = nil, []byte(`{"state":"done","processed_at":"2026-02-04T10:00:00.000000Z"}`)
	_, err := api.SaveState(ctx, request)
	return err
}
