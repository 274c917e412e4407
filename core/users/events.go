package users

import (
	"context"
	"math"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// The sizes of a part of a stream.
const (
	DefaultEvents = 100
	MaxEvents     = 500
)

// Events are a part of a stream and where its end is, of one snapshot.
type Events struct {
	List []domain.Event
	Head domain.Position
}

// Events returns user's events behind after, oldest first, without a gap; nil begins
// with the oldest that is kept. after.Epoch may be uuid.Nil: the present one. A limit
// of 0 is DefaultEvents.
// Errors: domain.ErrGone when the events behind after are not kept any more, or after
// is of another epoch; domain.ErrInvalid for a limit above MaxEvents, and for a
// position that the stream has not reached; those of ports.EventStream.
func (s *Service) Events(ctx context.Context, user string, after *domain.Position, limit int) (Events, error) {
	if limit == 0 {
		limit = DefaultEvents
	}
	if limit < 1 || limit > MaxEvents {
		return Events{}, invalid("limit", "must be 1 to 500")
	}
	var from domain.Position
	if after != nil {
		from = *after
	}
	list, head, err := s.d.Streams.After(ctx, user, from.Value, limit)
	if err != nil {
		return Events{}, err
	}
	if after == nil {
		if len(list) > 0 {
			from.Value = list[0].Position - 1
		} else {
			from.Value = head.Value
		}
	}
	if err := reachable(from, head, list); err != nil {
		return Events{}, err
	}
	return Events{List: whole(from.Value, list), Head: head}, nil
}

// SameEpoch returns domain.ErrPreconditionFailed when the streams are of another epoch:
// what was read under epoch may be of a future that the database that is there now
// never had, and its versions then name other contents. Further errors: those of
// ports.EventStream.
func (s *Service) SameEpoch(ctx context.Context, user string, epoch uuid.UUID) error {
	_, head, err := s.d.Streams.After(ctx, user, math.MaxInt64, 1)
	if err != nil || head.Epoch == epoch {
		return err
	}
	return &domain.Error{
		Kind:   domain.KindPreconditionFailed,
		Detail: "the database was replaced since this was read; load it again and repeat the change on what it is now",
	}
}

func reachable(from, head domain.Position, list []domain.Event) error {
	switch {
	case from.Epoch != uuid.Nil && from.Epoch != head.Epoch:
		return domain.Gone("the position is of another epoch: the database was replaced; load everything again and go on from its X-Stream-Position")
	case from.Value > head.Value:
		return invalid("after", "is a position that the stream has not reached; take one from X-Stream-Position or from an event")
	case from.Value < head.Value && (len(list) == 0 || list[0].Position != from.Value+1):
		return domain.Gone("the events behind this position are not kept any more; load everything again and go on from its X-Stream-Position")
	}
	return nil
}

// whole cuts list where a position is missing: what is behind is asked for next, and
// is then gone.
func whole(from int64, list []domain.Event) []domain.Event {
	for i, e := range list {
		if e.Position != from+int64(i)+1 {
			return list[:i]
		}
	}
	return list
}

func invalid(field, message string) error {
	return domain.Invalid("the request breaks a rule; each wrong field or parameter is listed in errors", domain.FieldError{Field: field, Message: message})
}
