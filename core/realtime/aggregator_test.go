package realtime

import (
	"context"
	"errors"
	"testing"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

type published struct {
	records []ports.Record
	err     error
}

func (p *published) Publish(_ context.Context, r ports.Record) error {
	p.records = append(p.records, r)
	return p.err
}

func TestTheAggregatorRepublishesTheSameBytesUnderTheUsersKey(t *testing.T) {
	t.Parallel()
	p := &published{}
	e := newStreams().commit("u")
	if err := NewAggregator(p, memory.Clock{}, ports.Unobserved{}).Handle(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	first, _ := domain.EncodeEvent(e)
	r := p.records[0]
	if r.Topic != domain.TaskUpdates || r.Key != "u" || string(r.Body) != string(first) {
		t.Errorf("published %s %s %s", r.Topic, r.Key, r.Body)
	}
}

func TestTheAggregatorHandsOnWhyItCouldNotPublish(t *testing.T) {
	t.Parallel()
	err := NewAggregator(&published{err: domain.Unavailable("kafka", errDown)}, memory.Clock{}, ports.Unobserved{}).Handle(t.Context(), newStreams().commit("u"))
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Error(err)
	}
}
