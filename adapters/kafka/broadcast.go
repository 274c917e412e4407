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

const broadcastTries = 3

// broadcast is one broadcast subscription: it reads every partition of its
// topics by itself, from the end at its start.
type broadcast struct {
	s       *Subscriber
	sub     ports.Subscription
	handler ports.Handler
	log     *slog.Logger
	outage  outage

	client   sarama.Client
	consumer sarama.Consumer
	places   map[partition]int64 // where to begin, for what existed at the start
	reading  map[partition]bool
	readers  sync.WaitGroup
}

type partition struct {
	topic string
	id    int32
}

// run returns when ctx has ended and the last handler has returned.
func (b *broadcast) run(ctx context.Context) error {
	b.outage = outage{log: b.log, stats: &b.s.stats}
	b.places, b.reading = map[partition]int64{}, map[partition]bool{}
	defer b.outage.end(ctx)
	for retry := newBackoff(); ctx.Err() == nil; retry.wait(ctx) {
		if err := b.connect(); err != nil {
			b.outage.begin(ctx, err)
			continue
		}
		b.outage.end(ctx)
		b.readAll(ctx)
		break
	}
	b.readers.Wait()
	if b.client != nil {
		_ = b.consumer.Close()
		_ = b.client.Close()
	}
	return nil
}

// connect also takes the place of every partition, all of them or none: what
// appears later is younger than the subscription and is read from its beginning.
func (b *broadcast) connect() error {
	s, err := b.s.cfg.consumer()
	if err != nil {
		return err
	}
	client, err := sarama.NewClient(b.s.cfg.Brokers, s)
	if err != nil {
		return err
	}
	places := map[partition]int64{}
	for _, topic := range names(b.sub.Topics) {
		ids, err := client.Partitions(topic)
		if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			continue
		}
		for i := 0; err == nil && i < len(ids); i++ {
			places[partition{topic, ids[i]}], err = client.GetOffset(topic, ids[i], sarama.OffsetNewest)
		}
		if err != nil {
			_ = client.Close()
			return err
		}
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		_ = client.Close()
		return err
	}
	b.client, b.consumer, b.places = client, consumer, places
	return nil
}

// readAll starts a reader for each partition, and for new ones as they appear,
// until ctx ends.
func (b *broadcast) readAll(ctx context.Context) {
	tick := time.NewTicker(b.s.cfg.MetadataRefresh)
	defer tick.Stop()
	for {
		missing := false
		for _, topic := range names(b.sub.Topics) {
			ids, err := b.client.Partitions(topic)
			missing = missing || err != nil
			for _, id := range ids {
				p := partition{topic, id}
				if b.reading[p] {
					continue
				}
				b.reading[p] = true
				place, old := b.places[p]
				if !old {
					place = sarama.OffsetOldest
				}
				b.readers.Go(func() { b.read(ctx, p, place) })
			}
		}
		var soon <-chan time.Time
		if missing {
			soon = time.After(time.Second)
		}
		select {
		case <-ctx.Done():
			return
		case <-soon:
		case <-tick.C:
		}
		_ = b.client.RefreshMetadata(names(b.sub.Topics)...)
	}
}

// read reads one partition until ctx ends. Sarama follows the leader and
// reconnects by itself; what it can't mend is a place that the broker lost.
func (b *broadcast) read(ctx context.Context, p partition, place int64) {
	stats := &b.s.stats
	stats.partitions.Add(1)
	defer stats.partitions.Add(-1)
	hctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d := newDispatcher(hctx, domain.Topic(p.topic), b.handler, b.s.limits(broadcastTries), stats)
	for retry := newBackoff(); ctx.Err() == nil; retry.wait(ctx) {
		pc, err := b.consumer.ConsumePartition(p.topic, p.id, place)
		if errors.Is(err, sarama.ErrOffsetOutOfRange) {
			place = b.replace(ctx, p, place)
			continue
		}
		if err != nil {
			b.outage.begin(ctx, err)
			continue
		}
		b.outage.end(ctx)
		retry = newBackoff()
		b.follow(ctx, pc, d)
		place = d.resume(place)
	}
	drain(d, cancel, b.sub.Drain)
}

// follow reads until ctx ends or Sarama gives the partition up.
func (b *broadcast) follow(ctx context.Context, pc sarama.PartitionConsumer, d *dispatcher) {
	var watch sync.WaitGroup
	watch.Go(func() {
		for err := range pc.Errors() {
			b.s.stats.failures.Add(1)
			b.log.DebugContext(ctx, "kafka partition error", "error", err)
		}
	})
	read(ctx, pc.Messages(), d, func() { d.mark() })
	pc.AsyncClose()
	watch.Wait()
}

// replace finds a place for one that the broker does not have: the oldest record
// when retention was faster than we, the end when the log was cut.
func (b *broadcast) replace(ctx context.Context, p partition, place int64) int64 {
	b.log.WarnContext(ctx, "the broker no longer has the broadcast's place", "topic", p.topic, "partition", p.id, "offset", place)
	oldest, err := b.client.GetOffset(p.topic, p.id, sarama.OffsetOldest)
	switch {
	case err != nil:
		return place
	case place < oldest:
		return oldest
	default:
		return sarama.OffsetNewest
	}
}
