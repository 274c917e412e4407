package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

// poison is how long the audit of other users' events took, without and while an event failed again and again.
type poison struct {
	without, with *spread
	whose         string
}

const partitions = 8

// poisoned makes the database refuse the audit of one event and compares what others see of it meanwhile. The trigger is
// there all the time, so that it is not what is compared.
func (c *crowd) poisoned(ctx context.Context, rate int, during time.Duration) (*poison, error) {
	db := c.system.db
	for _, q := range c.refusal() {
		if _, err := db.ExecContext(ctx, q); err != nil {
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
	var err error
	if p.without, err = c.audited(ctx, rate, during, others); err != nil {
		return nil, err
	}
	g := &generatorState{crowd: c, load: &load{create: &spread{}, device: &spread{}}, client: clientOf(1)}
	if g.create(0, time.Now(), victim, `,"timeZone":"Antarctica/Troll"`, make(chan made)); g.failed > 0 {
		return nil, fmt.Errorf("the failing event was not stored: %s", g.first)
	}
	p.with, err = c.audited(ctx, rate, during, others)
	return p, err
}

// refusal lets entries of one time zone fail with an error that may pass.
func (c *crowd) refusal() []string {
	if c.system.transport == "memory" {
		return []string{`CREATE TRIGGER poison BEFORE INSERT ON audit_logs WHEN NEW.data LIKE '%Antarctica/Troll%'
			BEGIN SELECT RAISE(ABORT, 'not now'); END`}
	}
	return []string{
		`CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$`,
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

func (p *poison) String() string {
	if p == nil {
		return "not measured"
	}
	change := func(q float64) string {
		a, b := p.without.at(q), p.with.at(q)
		return strconv.FormatFloat(100*(float64(b)/float64(max(1, a))-1), 'f', 0, 64) + "%"
	}
	return fmt.Sprintf("%s → %s: %s / %s for %s", p.without, p.with, change(0.5), change(0.99), p.whose)
}
