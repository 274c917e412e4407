package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// finish is step 3: the outcome by the handler's error.
func (c *Consumer) finish(ctx context.Context, m ports.Message, e domain.Event, key string, started record, err error) verdict {
	switch {
	case err == nil:
		return c.done(ctx, key, processed(c.Clock.Now()))
	case ctx.Err() != nil: // stopped, not failed
		c.giveBack(ctx, key, started)
		return again(0, err)
	case errors.Is(err, domain.ErrUnavailable) && c.down(ctx, err):
		c.Log.WarnContext(ctx, "a dependency is down, the group waits", "group", c.group, "event_id", e.ID, "error", err)
		c.giveBack(ctx, key, started)
		return again(c.opts.ProbeEvery, err)
	case hopeless(err) || started.Attempts >= c.opts.Attempts:
		return c.bury(ctx, m, e, started, err)
	}
	return c.postpone(ctx, e, key, started, err)
}

// down says whether err is an outage, and no fault of the event. What only whoever runs the service can mend, as a right
// that a role lacks, is one, though the probe, which does not need that right, gets its answer.
func (c *Consumer) down(ctx context.Context, err error) bool {
	var known *domain.Error
	if errors.As(err, &known) && known.Advice != "" {
		c.circuit.Trip(err)
		return true
	}
	return !c.circuit.Check(ctx, err)
}

// hopeless says whether repeating can't help.
func hopeless(err error) bool {
	switch domain.KindOf(err) {
	case domain.KindPermanent, domain.KindMalformed, domain.KindInvalid, domain.KindTooLarge:
		return true
	}
	return false
}

// done marks the event as processed. When that fails, the event is delivered
// again and its idempotent effect done again.
func (c *Consumer) done(ctx context.Context, key string, value []byte) verdict {
	if err := c.put(ctx, ports.Item{Key: key, Value: value, Mode: ports.Any}); err != nil {
		c.owed.add(key)
		return *c.interrupted(ctx, err)
	}
	c.stats.handled.Add(1)
	return verdict{outcome: ports.Done}
}

// postpone notes a counted failure and when to try again.
func (c *Consumer) postpone(ctx context.Context, e domain.Event, key string, started record, err error) verdict {
	now := c.Clock.Now()
	wait := c.opts.backoff(started.Attempts)
	next, failed := now.Add(wait), started
	failed.NextAt, failed.Error = &next, text(err)
	if failed.First == nil {
		failed.First = &now
	}
	c.stats.failures.Add(1)
	c.Log.WarnContext(ctx, "attempt failed", "group", c.group, "topic", domain.TopicOf(e.Type), "event_id", e.ID, "attempt", started.Attempts, "retry_in", wait, "error", err)
	if putErr := c.replace(ctx, key, started, failed); putErr != nil && !errors.Is(putErr, domain.ErrConflict) {
		return *c.interrupted(ctx, putErr)
	}
	return again(wait, err)
}

// giveBack takes an attempt off the count that was no fault of the event.
func (c *Consumer) giveBack(ctx context.Context, key string, started record) {
	before := started
	before.Attempts, before.At = started.Attempts-1, nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := c.replace(ctx, key, started, before); err != nil && !errors.Is(err, domain.ErrConflict) {
		c.owed.add(key)
	}
}

// replace writes r if the record is still the start that this delivery wrote or saw;
// domain.ErrConflict when another delivery has gone on from it.
func (c *Consumer) replace(ctx context.Context, key string, started, r record) error {
	entries, err := c.State.Get(ctx, key)
	if err != nil {
		return err
	}
	if len(entries) == 0 || decodeRecord(entries[0].Value).By != started.By {
		return domain.ErrConflict
	}
	return c.put(ctx, ports.Item{Key: key, Value: r.encode(), Mode: ports.IfMatch, ETag: entries[0].ETag})
}

// bury keeps a dead letter, then marks the event as done, unless somebody has gone on from the record meanwhile: an
// operator may see the letter and redrive it before the mark, which would make a duplicate of the redrive.
func (c *Consumer) bury(ctx context.Context, m ports.Message, e domain.Event, last record, cause error) verdict {
	now := c.Clock.Now()
	first := last.First
	if first == nil {
		first = &now
	}
	l := domain.DeadLetter{
		ID: letterID(c.group, m, e), UserID: e.UserID, EventType: string(e.Type), Position: e.Position, Topic: m.Topic, Group: c.group,
		Key: m.Key, Body: m.Body, Reason: reason(cause), Error: text(cause), Attempts: last.Attempts,
		FirstFailed: *first, LastFailed: now, TraceParent: e.TraceParent,
	}
	if e.ID != uuid.Nil {
		l.EventID = e.ID.String()
	}
	if err := c.Letters.Keep(ctx, l); err != nil {
		return *c.interrupted(ctx, err)
	}
	c.stats.deadLetters.Add(1)
	c.Log.ErrorContext(ctx, "dead letter", "group", c.group, "topic", m.Topic, "event_id", l.EventID, "letter", l.ID, "reason", l.Reason, "attempts", last.Attempts, "error", cause)
	if l.Reason == domain.ReasonMalformed { // its id may be somebody else's: it has no state
		return verdict{outcome: ports.GaveUp, cause: cause}
	}
	key := domain.ProcessedKey(e.ID, c.group)
	err := c.replace(ctx, key, last, record{State: stateDone, ProcessedAt: &now, DeadLetter: l.ID})
	if err != nil && !errors.Is(err, domain.ErrConflict) {
		c.owed.add(key)
		return *c.interrupted(ctx, err)
	}
	return verdict{outcome: ports.GaveUp, cause: cause}
}

func reason(err error) string {
	switch {
	case errors.Is(err, domain.ErrMalformed):
		return domain.ReasonMalformed
	case hopeless(err):
		return domain.ReasonPermanent
	}
	return domain.ReasonExhausted
}

// letterID is the same for the same event of a group; a malformed record is
// known by its bytes, since its id can't be trusted.
func letterID(group string, m ports.Message, e domain.Event) string {
	h := sha256.New()
	if _, err := decode(m); err == nil {
		h.Write([]byte(group + "\x00" + e.ID.String()))
	} else {
		h.Write([]byte(group + "\x00" + string(m.Topic) + "\x00"))
		h.Write(m.Body)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// text is an error's text, short enough for a row and without what a database refuses.
func text(err error) string {
	s := err.Error()
	if len(s) > 2000 {
		s = s[:2000] + "…"
	}
	b := []byte(s)
	for i, ch := range b {
		if ch == 0 {
			b[i] = ' '
		}
	}
	return string(bytes.ToValidUTF8(b, []byte("?")))
}
