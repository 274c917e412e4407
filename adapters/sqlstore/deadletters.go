package sqlstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var (
	_ ports.DeadLetterStore = (*DeadLetters)(nil)
	_ ports.DeadLetterAdmin = (*DeadLetters)(nil)
)

// DeadLetters keeps what groups gave up on. It has a Woken channel of its own.
type DeadLetters struct {
	db    *DB
	woken chan struct{}
}

// NewDeadLetters returns the dead letters of db; make one for each service.
func NewDeadLetters(db *DB) *DeadLetters { return &DeadLetters{db, db.signals.letter()} }

type letterRow struct {
	bun.BaseModel `bun:"table:dead_letters,alias:d"`

	UserID      string
	ID          string
	EventID     string
	EventType   string
	Topic       string
	GroupName   string
	RecordKey   []byte
	Body        []byte
	Reason      string
	Error       string
	Attempts    int64
	FirstFailed stamp
	LastFailed  stamp
	Traceparent string
	RedriveAt   *stamp
}

// rowOfLetter takes whatever a hostile record put into l: a letter that can't
// be kept would block its partition.
func rowOfLetter(l domain.DeadLetter) *letterRow {
	return &letterRow{
		UserID: cleaned(l.UserID), ID: cleaned(l.ID), EventID: cleaned(l.EventID), EventType: cleaned(l.EventType),
		Topic: cleaned(string(l.Topic)), GroupName: cleaned(l.Group), RecordKey: append([]byte{}, l.Key...),
		Body: append([]byte{}, l.Body...), Reason: cleaned(l.Reason), Error: cleaned(l.Error), Attempts: int64(l.Attempts),
		FirstFailed: stamp(l.FirstFailed), LastFailed: stamp(l.LastFailed), Traceparent: cleaned(l.TraceParent),
	}
}

func (r *letterRow) letter() domain.DeadLetter {
	return domain.DeadLetter{
		ID: r.ID, UserID: r.UserID, EventID: r.EventID, EventType: r.EventType, Topic: domain.Topic(r.Topic),
		Group: r.GroupName, Key: string(r.RecordKey), Body: r.Body, Reason: r.Reason, Error: r.Error,
		Attempts: int(r.Attempts), FirstFailed: time.Time(r.FirstFailed), LastFailed: time.Time(r.LastFailed),
		TraceParent: r.Traceparent, RedriveAt: r.RedriveAt.ptr(),
	}
}

var letterColumns = [...]column{
	{"user_id", "text"}, {"id", "text"}, {"event_id", "text"}, {"event_type", "text"}, {"topic", "text"}, {"group_name", "text"},
	{"record_key", "bytea"}, {"body", "bytea"}, {"reason", "text"}, {"error", "text"}, {"attempts", "bigint"},
	{"first_failed", "timestamptz"}, {"last_failed", "timestamptz"}, {"traceparent", "text"},
}

// Keep stores a letter; see ports.DeadLetterStore.
func (d *DeadLetters) Keep(ctx context.Context, l domain.DeadLetter) error {
	r := rowOfLetter(l)
	if err := datable(l.FirstFailed, l.LastFailed); err != nil {
		return err
	}
	all := letterColumns[:]
	query := `INSERT INTO dead_letters AS d (` + names("", all) + `) SELECT ` + d.db.pick(bound(1, all), marks(len(all))) +
		` WHERE ` + notErased(d.db.pick("$1", "?1"), d.db.pick("$15::bigint", "?15")) + ` OR ` + d.db.pick("$15::bigint", "?15") + ` = 0
ON CONFLICT (user_id, id) DO UPDATE SET attempts = d.attempts + excluded.attempts, error = excluded.error, reason = excluded.reason,
  last_failed = excluded.last_failed, redrive_at = NULL`
	return mapErr(ctx, d.db.write(ctx, func(ctx context.Context, c conn) error {
		_, err := c.ExecContext(ctx, query, r.UserID, r.ID, r.EventID, r.EventType, r.Topic, r.GroupName, r.RecordKey, r.Body, r.Reason, r.Error,
			r.Attempts, r.FirstFailed.String(), r.LastFailed.String(), r.Traceparent, l.Position)
		return err
	}))
}

// Resolve removes a letter that still carries its mark; see ports.DeadLetterStore.
func (d *DeadLetters) Resolve(ctx context.Context, l domain.DeadLetter) error {
	if l.RedriveAt == nil {
		return nil
	}
	return mapErr(ctx, d.db.write(ctx, func(ctx context.Context, c conn) error {
		_, err := d.db.bun.NewDelete().Conn(c).Model((*letterRow)(nil)).
			Where("user_id = ?", cleaned(l.UserID)).Where("id = ?", cleaned(l.ID)).
			Where("redrive_at = ?", stamp(*l.RedriveAt)).Exec(ctx)
		return err
	}))
}

// Woken gets a value soon after a redrive was asked for.
func (d *DeadLetters) Woken() <-chan struct{} { return d.woken }
