package kafka

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// group is one durable subscription: a member of a consumer group.
type group struct {
	s       *Subscriber
	sub     ports.Subscription
	handler ports.Handler
	log     *slog.Logger
	outage  outage
}

// giveUpAfter failed sessions in a row the client is made anew: it may hold
// addresses of brokers that no longer exist.
const giveUpAfter = 5

func (g *group) run(ctx context.Context) error {
	g.outage = outage{log: g.log, stats: &g.s.stats}
	defer g.outage.end(ctx)
	retry := newBackoff()
	for ctx.Err() == nil {
		member, err := g.join()
		if err != nil {
			g.outage.begin(ctx, err)
			retry.wait(ctx)
			continue
		}
		retry = newBackoff()
		g.consume(ctx, member)
	}
	return nil
}

func (g *group) join() (sarama.ConsumerGroup, error) {
	s, err := g.s.cfg.consumer()
	if err != nil {
		return nil, err
	}
	return sarama.NewConsumerGroup(g.s.cfg.Brokers, g.sub.Group, s)
}

// consume goes from session to session, one for each assignment. It returns
// when ctx has ended or the client is of no more use, after the member has left.
func (g *group) consume(ctx context.Context, member sarama.ConsumerGroup) {
	var listener sync.WaitGroup
	listener.Go(func() {
		for err := range member.Errors() {
			g.report(ctx, err)
		}
	})
	defer listener.Wait()
	defer func() { _ = member.Close() }()
	retry := newBackoff()
	for failed := 0; ctx.Err() == nil && failed < giveUpAfter; {
		began := &session{g: g, stopping: ctx}
		err := member.Consume(ctx, names(g.sub.Topics), began)
		if began.claims > 0 {
			failed, retry = 0, newBackoff()
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		g.outage.begin(ctx, err)
		if errors.Is(err, sarama.ErrClosedConsumerGroup) || errors.Is(err, sarama.ErrClosedClient) {
			return
		}
		failed++
		retry.wait(ctx)
	}
}

// report takes an error from inside a session, which Sarama handles by itself.
func (g *group) report(ctx context.Context, err error) {
	g.s.stats.failures.Add(1)
	if errors.Is(err, sarama.ErrOffsetOutOfRange) {
		g.log.WarnContext(ctx, "the broker no longer has the group's place; it goes on from the oldest record", "error", err)
		return
	}
	g.log.DebugContext(ctx, "kafka session error", "error", err)
}

// session is one assignment. Sarama calls Setup, then ConsumeClaim for each
// partition at once, then Cleanup; then it commits what is marked.
type session struct {
	g        *group
	stopping context.Context // ends with the subscription, while Sarama's own also ends with the assignment
	claims   int
}

func (s *session) Setup(cs sarama.ConsumerGroupSession) error {
	s.g.s.stats.sessions.Add(1)
	s.claims++
	s.g.outage.end(s.stopping)
	s.g.log.DebugContext(s.stopping, "kafka partitions assigned", "claims", cs.Claims(), "generation", cs.GenerationID())
	return nil
}

func (s *session) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// ConsumeClaim returns when the partition may be given away: no handler runs,
// and everything that is done up to the first that is not is marked.
func (s *session) ConsumeClaim(cs sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	stats := &s.g.s.stats
	stats.partitions.Add(1)
	defer stats.partitions.Add(-1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.stopping))
	d := newDispatcher(ctx, domain.Topic(claim.Topic()), s.g.handler, s.g.s.limits(0), stats)
	mark := func() {
		if next := d.mark(); next >= 0 {
			cs.MarkOffset(claim.Topic(), claim.Partition(), next, "")
		}
	}
	read(cs.Context(), claim.Messages(), d, mark)
	drain(d, cancel, s.patience())
	mark()
	return nil
}

// patience is how long handlers may go on. A revoked partition must be free
// before the group gives this member up; a heartbeat may have gone by before it
// was known, and the commit needs time too.
func (s *session) patience() time.Duration {
	if s.stopping.Err() != nil {
		return s.g.sub.Drain
	}
	cfg := s.g.s.cfg
	limit := cfg.RebalanceTimeout - cfg.Heartbeat - min(2*time.Second, cfg.RebalanceTimeout/4)
	return max(0, min(s.g.sub.Drain, limit))
}
