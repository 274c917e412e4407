package store

import (
	"testing"
	"time"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/ports"
)

// Users is what is kept of a user beside tasks, and the tasks that it counts.
type Users struct {
	Tasks
	Counts      ports.TaskCounter
	Preferences ports.PreferenceStore
}

// RunUsers checks ports.TaskCounter and ports.PreferenceStore.
func RunUsers(t *testing.T, open func(t *testing.T) Users) {
	for name, line := range map[string]func(*testing.T, Users){
		"tasks are counted for their user alone":                    count,
		"preferences are the defaults until something is chosen":    preferenceDefaults,
		"a change sets the given fields for its user alone":         preferenceChange,
		"changes of different fields at once don't undo each other": preferenceRace,
		"text that can't be stored is refused":                      preferenceHostile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := open(t)
			u.Tasks = u.forTest()
			line(t, u)
		})
	}
}

func count(t *testing.T, s Users) {
	for i := range 5 {
		task := newTask(s.u("u"))
		task.Completed = i < 2
		create(t, s.Tasks.Tasks, task)
	}
	create(t, s.Tasks.Tasks, newTask(s.u("v")))
	for user, want := range map[string]domain.TaskCounts{"u": {Total: 5, Pending: 3, Completed: 2}, "v": {Total: 1, Pending: 1}, "nobody": {}} {
		got, err := s.Counts.Count(t.Context(), s.u(user))
		if err != nil || got != want {
			t.Errorf("%s has %+v, %v; want %+v", user, got, err, want)
		}
	}
}

var chosenAt = time.Date(2026, 5, 1, 8, 0, 0, 1000, time.UTC)

func (s Users) change(t testing.TB, user string, c domain.PreferencesChange) domain.Preferences {
	t.Helper()
	p, err := s.Preferences.Change(t.Context(), s.u(user), c, chosenAt)
	ok(t, err)
	return p
}

func preferenceDefaults(t *testing.T, s Users) {
	p, err := s.Preferences.Get(t.Context(), s.u("u"))
	ok(t, err)
	want(t, "preferences", p, domain.DefaultPreferences())
}

func preferenceChange(t *testing.T, s Users) {
	s.change(t, "v", domain.PreferencesChange{Theme: ref(domain.ThemeDark)})
	none := domain.DefaultPreferences()
	for _, c := range []struct {
		change domain.PreferencesChange
		want   domain.Preferences
	}{
		{domain.PreferencesChange{TimeZone: ref("Europe/Berlin")}, domain.Preferences{TimeZone: "Europe/Berlin", Theme: none.Theme}},
		{domain.PreferencesChange{Theme: ref(domain.ThemeLight)}, domain.Preferences{TimeZone: "Europe/Berlin", Theme: domain.ThemeLight}},
		{domain.PreferencesChange{}, domain.Preferences{TimeZone: "Europe/Berlin", Theme: domain.ThemeLight}},
		{domain.PreferencesChange{TimeZone: ref("UTC"), Theme: ref(domain.ThemeDark)}, domain.Preferences{TimeZone: "UTC", Theme: domain.ThemeDark}},
	} {
		c.want.UpdatedAt = &chosenAt
		want(t, "answer", asJSON(s.change(t, "u", c.change)), asJSON(c.want))
		got, err := s.Preferences.Get(t.Context(), s.u("u"))
		ok(t, err)
		want(t, "stored", asJSON(got), asJSON(c.want))
	}
	got, err := s.Preferences.Get(t.Context(), s.u("v"))
	ok(t, err)
	want(t, "another user's", asJSON(got), asJSON(domain.Preferences{TimeZone: "UTC", Theme: domain.ThemeDark, UpdatedAt: &chosenAt}))
}

func preferenceRace(t *testing.T, s Users) {
	together(16, func(i int) {
		c := domain.PreferencesChange{TimeZone: ref("Asia/Tokyo")}
		if i%2 == 0 {
			c = domain.PreferencesChange{Theme: ref(domain.ThemeDark)}
		}
		if _, err := s.Preferences.Change(t.Context(), s.u("u"), c, chosenAt); err != nil {
			t.Error(err)
		}
	})
	got, err := s.Preferences.Get(t.Context(), s.u("u"))
	ok(t, err)
	want(t, "preferences", asJSON(got), asJSON(domain.Preferences{TimeZone: "Asia/Tokyo", Theme: domain.ThemeDark, UpdatedAt: &chosenAt}))
}

func preferenceHostile(t *testing.T, s Users) {
	_, err := s.Preferences.Change(t.Context(), s.u("u"), domain.PreferencesChange{TimeZone: ref("a\x00b")}, chosenAt)
	wantKind(t, "a zone with NUL", err, domain.ErrInvalid)
	_, err = s.Preferences.Get(t.Context(), "\xff")
	wantKind(t, "a user that is no text", err, domain.ErrInvalid)
	_, err = s.Counts.Count(t.Context(), "\x00")
	wantKind(t, "a user with NUL", err, domain.ErrInvalid)
}
