package main

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"

	commonv1 "github.com/dapr/dapr/pkg/proto/common/v1"
	runtimev1 "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

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

// daprDelivery has a sidecar for each of two apps: one takes its topic through the adapter and the contract, the other with
// a handler that makes two state calls and answers.
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

// side is the two apps and their sidecars.
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
	files, err := cluster.RenderDapr(filepath.Join(e.dir, "dapr"), cluster.Addresses{Brokers: s.brokers, DatabaseURL: server.URL(e.name), AnyNames: true})
	if err != nil {
		return nil, err
	}
	for _, app := range []struct {
		id    domain.Service
		serve func(context.Context, *env, dapr.Config, net.Listener) error
	}{{domain.AuditService, s.ours}, {domain.RecurringService, s.bare}} {
		if err := s.start(ctx, e, files, app.id, app.serve); err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

// start starts an app, which serves until it is stopped, and its sidecar.
func (s *side) start(ctx context.Context, e *env, files cluster.RenderedDapr, id domain.Service, serve func(context.Context, *env, dapr.Config, net.Listener) error) error {
	free, err := cluster.FreePorts(3)
	if err != nil {
		return err
	}
	cfg := dapr.DefaultConfig()
	cfg.HTTPPort, cfg.GRPCPort = free[1], free[2]
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(free[0])))
	if err != nil {
		return err
	}
	if err := serve(ctx, e, cfg, l); err != nil {
		return err
	}
	d, err := cluster.NewDaprd(ctx, cluster.DaprdOptions{
		AppID: string(id), AppPort: free[0], HTTPPort: free[1], GRPCPort: free[2],
		Dir: filepath.Join(e.dir, "daprd"), Dapr: files, LogLevel: "warn",
	})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func() { _ = d.Kill() })
	e.counted[d.Process().PID()] = "daprd"
	return d.Connected(ctx)
}

func (s *side) ours(ctx context.Context, e *env, cfg dapr.Config, l net.Listener) error {
	sub := dapr.NewSubscriber(cfg, []domain.Topic{daprTopic}, nil)
	server := dapr.NewServer(cfg, sub, e.log)
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
	go func() { _ = server.Serve(l) }()
	s.stops = append(s.stops, func() {
		cancel()
		server.Stop(context.Background())
		_ = client.Close()
	})
	return nil
}

func (s *side) bare(_ context.Context, _ *env, cfg dapr.Config, l net.Listener) error {
	api, err := bareClient(cfg)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	runtimev1.RegisterAppCallbackServer(server, &bareApp{side: s, pubsub: cfg.PubSub, state: cfg.StateStore, api: api})
	go func() { _ = server.Serve(l) }()
	s.stops = append(s.stops, server.Stop)
	return nil
}

// bareApp is the least that takes deliveries.
type bareApp struct {
	runtimev1.UnimplementedAppCallbackServer
	side          *side
	pubsub, state string
	api           runtimev1.DaprClient
}

func (b *bareApp) ListTopicSubscriptions(context.Context, *emptypb.Empty) (*runtimev1.ListTopicSubscriptionsResponse, error) {
	return &runtimev1.ListTopicSubscriptionsResponse{Subscriptions: []*runtimev1.TopicSubscription{
		{PubsubName: b.pubsub, Topic: string(bareTopic), Metadata: map[string]string{"rawPayload": "true"}},
	}}, nil
}

func (b *bareApp) OnTopicEvent(ctx context.Context, _ *runtimev1.TopicEventRequest) (*runtimev1.TopicEventResponse, error) {
	m := b.side.meter.Load()
	<-b.side.wait
	if err := bareStates(ctx, b.api, b.state); err != nil {
		return nil, err
	}
	m.one()
	return &runtimev1.TopicEventResponse{}, nil
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
