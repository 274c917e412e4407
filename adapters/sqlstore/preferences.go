package sqlstore

import (
	"context"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

var _ ports.PreferenceStore = (*Preferences)(nil)

// Preferences keeps what users chose.
type Preferences struct{ db *DB }

// NewPreferences returns the preferences of db.
func NewPreferences(db *DB) *Preferences { return &Preferences{db} }

// Get returns what user chose; see ports.PreferenceStore.
func (p *Preferences) Get(ctx context.Context, user string) (domain.Preferences, error) {
	if err := storable(user); err != nil {
		return domain.Preferences{}, err
	}
	var rows []struct {
		TimeZone, Theme string
		UpdatedAt       stamp
	}
	err := p.db.bun.NewSelect().TableExpr("preferences").Column("time_zone", "theme", "updated_at").Where("user_id = ?", user).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return domain.DefaultPreferences(), mapErr(ctx, err)
	}
	r := &rows[0]
	return domain.Preferences{TimeZone: r.TimeZone, Theme: domain.Theme(r.Theme), UpdatedAt: r.UpdatedAt.ptr()}, nil
}

// Change sets the given fields by one statement; see ports.PreferenceStore.
func (p *Preferences) Change(ctx context.Context, user string, c domain.PreferencesChange, now time.Time) (domain.Preferences, error) {
	none := domain.DefaultPreferences()
	zone, theme := none.TimeZone, string(none.Theme)
	if c.TimeZone != nil {
		zone = *c.TimeZone
	}
	if c.Theme != nil {
		theme = string(*c.Theme)
	}
	if err := storable(user, zone, theme); err != nil {
		return domain.Preferences{}, err
	}
	var out domain.Preferences
	var at stamp
	query := numberedFor(p.db, `INSERT INTO preferences AS p (user_id, time_zone, theme, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (user_id) DO UPDATE SET time_zone = CASE WHEN $5 THEN excluded.time_zone ELSE p.time_zone END,
  theme = CASE WHEN $6 THEN excluded.theme ELSE p.theme END, updated_at = excluded.updated_at
RETURNING time_zone, theme, updated_at`)
	err := p.db.write(ctx, func(ctx context.Context, db conn) error {
		return db.QueryRowContext(ctx, query, user, zone, theme, stamp(now).String(), c.TimeZone != nil, c.Theme != nil).
			Scan(&out.TimeZone, &out.Theme, &at)
	})
	if err != nil {
		return domain.Preferences{}, mapErr(ctx, err)
	}
	out.UpdatedAt = at.ptr()
	return out, nil
}
