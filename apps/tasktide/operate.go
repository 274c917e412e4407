package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tasktide/tasktide/adapters/sqlstore"
	"github.com/tasktide/tasktide/apps/internal/boot"
	"github.com/tasktide/tasktide/core/domain"
)

// lenient loads the configuration for a command that needs only a part of it, in
// the environment of any service.
func (o *options) lenient() (boot.Config, error) { return boot.LoadForCommand(o.file) }

// database opens the configured database for one command.
func (o *options) database(use func(*sqlstore.DB) error) error {
	cfg, err := o.lenient()
	if err != nil {
		return err
	}
	db, err := boot.OpenDatabase(cfg)
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

// moment is a flag: a time as RFC 3339 or a date, or how long ago it was.
type moment struct{ at *time.Time }

func (m *moment) String() string {
	if m.at == nil {
		return ""
	}
	return m.at.Format(time.RFC3339)
}

const (
	momentKind  = "time"
	momentForms = "a time like 2026-02-04T10:00:00Z, a date, or how long ago, such as 1h"
)

// Type names what the flag takes, in the help.
func (*moment) Type() string { return momentKind }

// Set reads the flag.
func (m *moment) Set(s string) error {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		at := time.Now().Add(-d)
		m.at = &at
		return nil
	}
	for _, form := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(form, s); err == nil {
			m.at = &at
			return nil
		}
	}
	return errors.New("give " + momentForms)
}

// printJSON writes v on a line, or indented.
func printJSON(w io.Writer, v any, indent bool) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if indent {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(v)
}

// checkUser refuses what can't be the id of a user.
func checkUser(user string) error {
	if user == "" || len(user) > domain.MaxUserID || strings.ContainsAny(user, "/?#") || strings.ContainsFunc(user, unicode.IsControl) || !utf8.ValidString(user) {
		return wrong("%.60q is no user: a user id has 1 to %d bytes without / ? # and control characters", user, domain.MaxUserID)
	}
	return nil
}
