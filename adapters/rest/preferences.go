package rest

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/users"
)

func (a *api) preferenceRoutes() []spec.Route {
	const path = "/api/{user_id}/preferences"
	now := []spec.Answer{{Status: fiber.StatusOK, About: "The preferences as they are now.", Schema: preferencesSchema()}}
	applied := now[0]
	applied.Headers = []spec.Header{preferenceApplied()}
	return []spec.Route{{
		Method: fiber.MethodGet, Path: path, ID: "getPreferences", Tag: "Preferences", Summary: "Read the preferences",
		Answers: now, Handle: a.getPreferences,
	}, {
		Method: fiber.MethodPut, Path: path, ID: "updatePreferences", Tag: "Preferences", Summary: "Change the preferences",
		About:  "A field that is absent stays as it is, `null` and `\"\"` make it the default. Other fields are passed over.",
		Params: []spec.Param{prefer()},
		Body:   &spec.Body{Schema: preferencesChangeSchema()}, Answers: []spec.Answer{applied}, Handle: a.updatePreferences,
	}}
}

func preferencesSchema() *spec.Schema {
	return spec.Object(
		spec.Has("timeZone", spec.Text().About("IANA name; `UTC` until one is chosen.").Like("Europe/Berlin")),
		spec.Has("theme", spec.OneOf("light", "dark", "system").About("`system` until one is chosen.")),
		spec.Has("updatedAt", spec.Time().OrNull()),
	).Named("Preferences").About("What a user chose for the page.")
}

func preferencesChangeSchema() *spec.Schema {
	return spec.Object(
		spec.May("timeZone", spec.Text().OrNull().About("IANA name.").Like("Europe/Berlin")),
		spec.May("theme", spec.Either(anyCase("light", "dark", "system"), spec.Text().Match(`^\s*$`), &spec.Schema{Types: []string{"null"}}).About("`light`, `dark` or `system`, in any case.")),
	).Named("PreferencesChange").Like(map[string]any{"timeZone": "Europe/Berlin", "theme": "dark"})
}

func (a *api) getPreferences(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	p, err := a.users.Preferences(ctx, user)
	if err != nil {
		return err
	}
	return a.sendPreferences(c, p)
}

func (a *api) updatePreferences(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	change, err := preferencesChange(c)
	if err != nil {
		return err
	}
	p, err := a.users.ChangePreferences(ctx, user, change)
	if err != nil {
		return err
	}
	return a.sendPreferences(c, p)
}

func preferencesChange(c *fiber.Ctx) (out domain.PreferencesChange, err error) {
	b, err := body(c)
	if err != nil {
		return out, err
	}
	strict := strict(c)
	var d decoder
	text := func(name string, raw []byte) *string {
		v := d.text(name, raw)
		if !v.Present() {
			return nil
		}
		return &v.Value
	}
	bad, err := eachField(b, func(name string, raw []byte) {
		switch name {
		case "timeZone":
			out.TimeZone = text(name, raw)
		case "theme":
			out.Theme = (*domain.Theme)(text(name, raw))
		case "updatedAt":
		default:
			if strict {
				d.wrong(clip(name), "is unknown")
			}
		}
	})
	if err != nil {
		return out, err
	}
	if bad = append(bad, d.bad...); len(bad) == 0 {
		return out, nil
	}
	_, rules := users.CheckPreferences(out)
	return out, domain.Invalid("the body breaks a rule; each wrong field is listed in errors", slices.Concat(bad, rules)...)
}

// eachField hands over the fields of a JSON object; each name is there once. bad is
// not empty for another JSON value.
func eachField(b []byte, field func(name string, raw []byte)) (bad []domain.FieldError, err error) {
	if err := checkJSON(b); err != nil {
		return nil, err
	}
	d := decoder{b: b}
	if d.space(); d.b[d.i] != '{' {
		return []domain.FieldError{{Field: "body", Message: "must be a JSON object, not " + kindOf(d.b[d.i])}}, nil
	}
	seen := map[string]bool{}
	d.i++
	for d.space(); d.b[d.i] != '}'; d.space() {
		if d.b[d.i] == ',' {
			d.i++
			d.space()
		}
		name := unquote(d.value())
		d.space()
		d.i++ // the colon
		d.space()
		raw := d.value()
		if seen[name] {
			return nil, domain.Malformed("the field %q is there twice", clip(name))
		}
		seen[name] = true
		field(name, raw)
	}
	return nil, nil
}

func (a *api) sendPreferences(c *fiber.Ctx, p domain.Preferences) error {
	return a.bodies.send(c, fiber.StatusOK, func(b []byte) []byte { return appendPreferences(b, &p) })
}

func appendPreferences(b []byte, p *domain.Preferences) []byte {
	b = jsonappend.String(append(b, `{"timeZone":`...), p.TimeZone)
	b = jsonappend.String(append(b, `,"theme":`...), string(p.Theme))
	b = jsonappend.TimeOrNull(append(b, `,"updatedAt":`...), p.UpdatedAt)
	return append(b, '}')
}
