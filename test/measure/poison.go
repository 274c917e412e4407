package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
)

// poison is how long the audit of other users' events took in periods that follow one another, without and while an
// event failed again and again. In turns, because what else the machine does meets both.
type poison struct {
	without, with []*spread // of each period
	whose         string
}

// turns is how many periods there are of each kind.
const turns = 5

const partitions = 8

// poisoned makes the database refuse the audit of one event and compares what others see of it meanwhile. The trigger is
// there all the time, so that it is not what is compared. A period with has an event of its own, which is let through at
// the period's end.
func (c *crowd) poisoned(ctx context.Context, rate int, during time.Duration) (*poison, error) {
	for _, q := range c.refusal() {
		if _, err := c.system.db.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	victim := c.users[0]
	p := &poison{whose: "all other users"}
	others := func(u string) bool { return u != victim.name }
	if c.system.transport == "dapr" {
		p.whose = "users of other partitions"
		others = func(u string) bool { return partition(u) != partition(victim.name) }
	}
	for range turns {
		for _, into := range []*[]*spread{&p.without, &p.with} {
			s, err := c.period(ctx, rate, during/turns, into == &p.with, others)
			if err != nil {
				return nil, err
			}
			*into = append(*into, s)
		}
	}
	return p, nil
}

// period is one of the periods that are compared.
func (c *crowd) period(ctx context.Context, rate int, during time.Duration, fails bool, of func(user string) bool) (*spread, error) {
	if !fails {
		return c.audited(ctx, rate, during, of)
	}
	if _, err := c.system.db.ExecContext(ctx, "UPDATE poisoned SET now = 1"); err != nil {
		return nil, err
	}
	g := &generatorState{crowd: c, load: &load{create: &spread{}, device: &spread{}}, client: clientOf(1)}
	if g.create(0, time.Now(), c.users[0], `,"timeZone":"Antarctica/Troll"`, make(chan made)); g.failed > 0 {
		return nil, fmt.Errorf("the failing event was not stored: %s", g.first)
	}
	s, err := c.audited(ctx, rate, during, of)
	if err != nil {
		return nil, err
	}
	if _, err := c.system.db.ExecContext(ctx, "UPDATE poisoned SET now = 0"); err != nil {
		return nil, err
	}
	return s, c.recovered(ctx)
}

// recovered waits until the failing event is through, audited or a dead letter: the next period is one without.
func (c *crowd) recovered(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		var n int
		err := c.system.db.QueryRowContext(ctx, `SELECT count(*) FROM events AS e WHERE CAST(e.data AS text) LIKE '%Antarctica/Troll%' AND NOT EXISTS (
			SELECT 1 FROM dapr_state AS s WHERE s.key = 'processed-' || CAST(e.event_id AS text) || '-audit-service' AND CAST(s.value AS text) LIKE '%processed_at%')`).Scan(&n)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
	return errors.New("the failing event was not through within a minute after it could succeed")
}

// refusal lets entries of one time zone fail with an error that may pass, while it is switched on.
func (c *crowd) refusal() []string {
	if c.system.transport == "memory" {
		return []string{
			`CREATE TABLE poisoned (now INTEGER)`, `INSERT INTO poisoned VALUES (0)`,
			`CREATE TRIGGER poison BEFORE INSERT ON audit_logs WHEN NEW.data LIKE '%Antarctica/Troll%' AND (SELECT now FROM poisoned) = 1
			BEGIN SELECT RAISE(ABORT, 'not now'); END`,
		}
	}
	return []string{
		`CREATE TABLE poisoned (now INTEGER)`, `INSERT INTO poisoned VALUES (0)`,
		`CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
			IF (SELECT now FROM public.poisoned) = 1 THEN RAISE EXCEPTION 'not now'; END IF; RETURN NEW; END $$`,
		`CREATE TRIGGER poison BEFORE INSERT ON audit_logs FOR EACH ROW
			WHEN (NEW.data->'new'->>'time_zone' = 'Antarctica/Troll') EXECUTE FUNCTION poison()`,
	}
}

// audited is how long after its change an event of the chosen users was noted as audited.
func (c *crowd) audited(ctx context.Context, rate int, during time.Duration, of func(user string) bool) (*spread, error) {
	began := time.Now().UTC()
	if _, err := c.load(ctx, rate, during); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	between := fmt.Sprintf("time > '%s' AND time < '%s'", stamp(began), stamp(began.Add(during)))
	clock, done := "CAST(e.time AS text)", "json_extract(s.value, '$.processed_at')"
	if c.system.transport != "memory" {
		clock, done = `to_char(e.time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`, "s.value->>'processed_at'"
	}
	rows, err := c.system.db.QueryContext(ctx, `SELECT e.user_id, `+clock+`, `+done+` FROM events AS e
		JOIN dapr_state AS s ON s.key = 'processed-' || CAST(e.event_id AS text) || '-audit-service'
		WHERE `+strings.ReplaceAll(between, "time", "e.time"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := &spread{}
	for rows.Next() {
		var name, at, until string
		if err := rows.Scan(&name, &at, &until); err != nil {
			return nil, err
		}
		a, err1 := time.Parse(time.RFC3339Nano, at)
		b, err2 := time.Parse(time.RFC3339Nano, until)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("times %q and %q", at, until)
		}
		if of(name) {
			out.add(b.Sub(a))
		}
	}
	return out, rows.Err()
}

func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000Z") }

// partition is where Kafka's clients put a key: FNV-1a, as both of ours do.
func partition(key string) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	p := int32(h.Sum32()) % partitions //nolint:gosec // the sign is wanted
	if p < 0 {
		p = -p
	}
	return p
}

// String has the median of the periods of each kind, and from the least to the most of them: a change that is smaller than
// that distance says nothing.
func (p *poison) String() string {
	if p == nil {
		return "not measured"
	}
	var parts []string
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		a, b := quantiles(p.without, q.at), quantiles(p.with, q.at)
		change := 100 * (float64(middle(b))/float64(max(1, middle(a))) - 1)
		parts = append(parts, fmt.Sprintf("%s %s → %s: %+.0f%%", q.name, rangeOf(a), rangeOf(b), change))
	}
	return fmt.Sprintf("%s; medians of %d periods each (least–most), %s", strings.Join(parts, ", "), len(p.with), p.whose)
}

// quantiles is a quantile of each period, in order.
func quantiles(periods []*spread, q float64) []time.Duration {
	out := make([]time.Duration, len(periods))
	for i, s := range periods {
		out[i] = s.at(q)
	}
	slices.Sort(out)
	return out
}

func middle(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }

func rangeOf(sorted []time.Duration) string {
	return fmt.Sprintf("%s (%s–%s)", ms(middle(sorted)), ms(sorted[0]), ms(sorted[len(sorted)-1]))
}
