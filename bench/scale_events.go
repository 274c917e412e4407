package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tasktide/tasktide/adapters/sqlstore"
)

// sweepEvents grows one database from 10,000 stored events to -events.
func sweepEvents(ctx context.Context, e *env, report report) error {
	return grow(ctx, e, 10_000, e.events, []string{scaleUser}, func(ctx context.Context, t *table, from, to int) error {
		// What was created at the size before does not belong to the streams that go on.
		if err := execute(ctx, t.pool, "TRUNCATE tasks, user_streams", "DELETE FROM events WHERE event_type = 'task.created.v1'",
			"DELETE FROM audit_logs WHERE event_type = 'created'"); err != nil {
			return err
		}
		if err := fillEvents(ctx, t.pool, from+1, to, e.events); err != nil {
			return err
		}
		return t.grew(ctx, to, "events", "audit_logs", "dapr_state")
	}, func(ctx context.Context, t *table, size int) error {
		if err := askedOfStreams(ctx, e, t, size, report); err != nil {
			return err
		}
		return retention(ctx, e, t, size, report)
	})
}

// askedOfStreams asks for pages of the same length at every size, by users of whom each has a thousandth of the events,
// and by the one who has a hundredth.
func askedOfStreams(ctx context.Context, e *env, t *table, size int, report report) error {
	var most []string
	for i := 1; i < streamUsers; i++ {
		most = append(most, userName(i))
	}
	one, heads := []string{userName(0)}, map[string]int64{}
	rows, err := t.pool.Query(ctx, "SELECT user_id, position FROM user_streams")
	if err != nil {
		return err
	}
	for rows.Next() {
		var user string
		var position int64
		if err := rows.Scan(&user, &position); err != nil {
			return err
		}
		heads[user] = position
	}
	if err := rows.Err(); err != nil {
		return err
	}
	const page = 9 // each user has as many at the smallest size
	asked := []struct {
		what  string
		users []string
		path  func(i int) string
	}{
		{"the last 9 events of a stream", most, func(i int) string { return fmt.Sprintf("/events?after=%d&limit=%d", heads[most[i]]-page, page) }},
		{"… of the longest stream", one, func(int) string { return fmt.Sprintf("/events?after=%d&limit=%d", heads[one[0]]-page, page) }},
		{"audit, the newest 9", most, func(int) string { return fmt.Sprintf("/audit?limit=%d", page) }},
		{"… of the longest trail", one, func(int) string { return fmt.Sprintf("/audit?limit=%d", page) }},
	}
	var task string
	if err := t.pool.QueryRow(ctx, "SELECT subject FROM events WHERE user_id = $1 ORDER BY position LIMIT 1", one[0]).Scan(&task); err != nil {
		return err
	}
	asked = append(asked, asked[0])
	asked[len(asked)-1].what, asked[len(asked)-1].users = "audit of the longest's oldest task", one
	asked[len(asked)-1].path = func(int) string { return "/audit?limit=20&entity_id=" + task }
	for _, a := range asked {
		requests, err := gets(t.sign, a.users, a.path)
		if err != nil {
			return err
		}
		m := measure{what: a.what, do: t.clients.send(requests, " 200 "), beside: t.one}
		if err := m.run(ctx, e, size, report); err != nil {
			return err
		}
	}
	create, err := posts(t.sign, most)
	if err != nil {
		return err
	}
	if err := (measure{what: "create, answered", do: t.clients.send(create, " 201 "), beside: t.insert}).run(ctx, e, size, report); err != nil {
		return err
	}
	return t.follow(ctx, e, size, most, report)
}

// retention looks for what is too old where nothing is, as every backend-api does every ten minutes, and then deletes the
// oldest 5,000.
func retention(ctx context.Context, e *env, t *table, size int, report report) error {
	streams, state := sqlstore.NewStreams(t.db), sqlstore.NewState(t.db)
	long := time.Now().Add(-30 * 24 * time.Hour)
	for _, m := range []measure{
		{what: "events that are too old: none", beside: t.one, do: func(ctx context.Context, _, _ int) error {
			return none(streams.DeleteEventsBefore(ctx, long, 1000))
		}},
		{what: "records that have expired: none", beside: t.one, do: func(ctx context.Context, _, _ int) error {
			return none(state.DeleteExpired(ctx, time.Now().Add(-14*24*time.Hour), 1000))
		}},
	} {
		if err := m.run(ctx, e, size, report); err != nil {
			return err
		}
	}
	const n = 5000
	var before time.Time
	if err := t.pool.QueryRow(ctx, "SELECT time FROM events ORDER BY time OFFSET $1 LIMIT 1", n).Scan(&before); err != nil {
		return err
	}
	f := figure{what: "old events are deleted", beside: t.insert.name}
	began := time.Now()
	for {
		deleted, err := streams.DeleteEventsBefore(ctx, before, 1000)
		if err != nil {
			return err
		}
		if f.n += int(deleted); deleted == 0 {
			break
		}
	}
	f.within = time.Since(began)
	if f.n != n {
		return fmt.Errorf("%d events were too old, %d were deleted", n, f.n)
	}
	var err error
	if f.raw, err = t.insert.takes(ctx, e); err != nil {
		return err
	}
	report(size, f)
	return nil
}

func none(n int64, err error) error {
	if err == nil && n != 0 {
		err = fmt.Errorf("%d rows were too old, none should be", n)
	}
	return err
}
