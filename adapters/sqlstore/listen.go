package sqlstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tasktide/tasktide/core/domain"
)

const (
	channelOutbox   = "tasktide_outbox"   // payload: the publisher
	channelRedrive  = "tasktide_redrive"  // payload: the group
	channelReminder = "tasktide_reminder" // no payload
	notifyEvery     = 3 * time.Millisecond
)

// Run tells other processes of this one's commits and this one of theirs, until
// ctx ends; then it returns nil. It reconnects by itself. Without it, on
// SQLite and behind a pooler, relays of other processes find out by polling.
func (db *DB) Run(ctx context.Context) error {
	if db.listen == nil {
		<-ctx.Done()
		return nil
	}
	db.signals.running.Store(true)
	defer db.signals.running.Store(false)
	var wg sync.WaitGroup
	wg.Go(func() { db.send(ctx) })
	wg.Go(func() { db.receive(ctx) })
	wg.Wait()
	return nil
}

// send notifies outside of the writers' transactions, because NOTIFY takes a
// lock of the whole server at commit, and at most once in notifyEvery.
func (db *DB) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-db.signals.sender:
		}
		db.signals.due.Range(func(key, _ any) bool {
			db.signals.due.Delete(key)
			n := key.(notice)
			// A failure is no harm: relays and reminders are also looked for without.
			_, _ = db.pool().ExecContext(ctx, "SELECT pg_notify($1, $2)", n.channel, n.payload)
			return true
		})
		pause(ctx, notifyEvery)
	}
}

func (db *DB) receive(ctx context.Context) {
	wait := 50 * time.Millisecond
	for ctx.Err() == nil {
		start := time.Now()
		_ = db.listenOnce(ctx) // what it could not hear is found by polling
		if time.Since(start) > 10*time.Second {
			wait = 50 * time.Millisecond
		}
		pause(ctx, wait)
		wait = min(2*wait, 5*time.Second)
	}
}

func (db *DB) listenOnce(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, db.listen)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+channelOutbox+"; LISTEN "+channelRedrive+"; LISTEN "+channelReminder); err != nil {
		return err
	}
	db.signals.wakeRelays("") // for what was missed while nobody listened
	db.signals.wakeLetters()
	db.signals.wakeReminders()
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		switch n.Channel {
		case channelRedrive:
			db.signals.wakeLetters()
		case channelReminder:
			db.signals.wakeReminders()
		default:
			db.signals.wakeRelays(domain.Service(n.Payload))
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
