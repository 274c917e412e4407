package users

import (
	"context"
	"strings"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

// Preferences returns what user chose. Errors: those of ports.PreferenceStore.
func (s *Service) Preferences(ctx context.Context, user string) (domain.Preferences, error) {
	return s.d.Preferences.Get(ctx, user)
}

// ChangePreferences sets the given fields; an empty one is its default.
// Errors: domain.ErrInvalid with every wrong field; those of ports.PreferenceStore.
func (s *Service) ChangePreferences(ctx context.Context, user string, c domain.PreferencesChange) (domain.Preferences, error) {
	c, bad := CheckPreferences(c)
	if bad != nil {
		return domain.Preferences{}, domain.Invalid("the preferences break a rule; each wrong field is listed in errors", bad...)
	}
	return s.d.Preferences.Change(ctx, user, c, s.d.Clock.Now())
}

// CheckPreferences returns c in the form that is stored, and what is wrong with it.
func CheckPreferences(c domain.PreferencesChange) (out domain.PreferencesChange, bad []domain.FieldError) {
	none := domain.DefaultPreferences()
	if c.TimeZone != nil {
		zone := strings.TrimSpace(*c.TimeZone)
		if zone == "" {
			zone = none.TimeZone
		}
		if wrong := tasks.CheckZone(zone); wrong != "" {
			bad = append(bad, domain.FieldError{Field: "timeZone", Message: wrong})
		}
		out.TimeZone = &zone
	}
	if c.Theme != nil {
		theme := domain.Theme(strings.ToLower(strings.TrimSpace(string(*c.Theme))))
		switch theme {
		case "":
			theme = none.Theme
		case domain.ThemeLight, domain.ThemeDark, domain.ThemeSystem:
		default:
			bad = append(bad, domain.FieldError{Field: "theme", Message: "must be one of light, dark, system"})
		}
		out.Theme = &theme
	}
	return out, bad
}
