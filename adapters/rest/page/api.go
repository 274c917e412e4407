package page

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// API is the page about the routes of a table.
func API(a spec.API, table []spec.Route) ([]byte, error) {
	v := view{API: a}
	for _, t := range a.Tags {
		g := group{Tag: t}
		for _, r := range table {
			if r.Tag == t.Name {
				g.Routes = append(g.Routes, routeView(a, r))
			}
		}
		if len(g.Routes) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	components, err := a.Components(table)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(components, func(x, y *spec.Schema) int { return strings.Compare(x.Name, y.Name) })
	for _, s := range components {
		sv := schemaView{Schema: s, Type: typeOf(s.Unnamed())}
		for _, p := range s.Properties {
			sv.Fields = append(sv.Fields, field{Name: p.Name, Required: p.Required, Type: typeOf(p.Schema), About: p.Schema.Description})
		}
		v.Schemas = append(v.Schemas, sv)
	}
	return render("api.html", v)
}

type view struct {
	API     spec.API
	Groups  []group
	Schemas []schemaView
}

type group struct {
	Tag    spec.Tag
	Routes []route
}

type route struct {
	spec.Route
	Access   string
	Params   []field
	Body     *shape
	Example  string
	Answers  []answer
	Problems []problem
}

type field struct {
	Name, In, About string
	Required        bool
	Type            shape
}

type answer struct {
	Status  int
	About   string
	Type    shape
	Media   string
	Headers []field
}

type problem struct {
	Status      int
	Name, About string
}

type schemaView struct {
	*spec.Schema
	Type   shape
	Fields []field
}

func routeView(a spec.API, r spec.Route) route {
	v := route{Route: r, Access: access(r)}
	for _, p := range a.Parameters(r) {
		v.Params = append(v.Params, field{Name: p.Name, In: p.In, About: p.About, Required: p.Required, Type: typeOf(p.Schema)})
	}
	if r.Body != nil {
		body := typeOf(r.Body.Schema)
		v.Body, v.Example = &body, example(r)
	}
	for _, x := range r.Answers {
		y := answer{Status: x.Status, About: x.About, Media: x.Type}
		if x.Schema != nil {
			y.Type = typeOf(x.Schema)
		}
		for _, h := range x.Headers {
			y.Headers = append(y.Headers, field{Name: h.Name, About: h.About, Required: !h.Sometimes, Type: typeOf(h.Schema)})
		}
		v.Answers = append(v.Answers, y)
	}
	for _, status := range r.Problems() {
		v.Problems = append(v.Problems, problem{status, http.StatusText(status), spec.ProblemAbout(status)})
	}
	return v
}

func access(r spec.Route) string {
	switch {
	case r.Access == spec.Operator:
		return "a token with the scope operator"
	case r.Access == spec.Public:
		return "anybody"
	case r.Cookie:
		return "the user's token, or the cookie of their sign-in"
	}
	return "the user's token"
}

// example is a call with the body's example, for a shell.
func example(r spec.Route) string {
	b, err := spec.Indent(r.Body.Schema.Example)
	if r.Body.Schema.Example == nil || err != nil {
		return ""
	}
	path := strings.NewReplacer("{user_id}", "alice", "{id}", "$ID").Replace(r.Path)
	return "curl -X " + r.Method + ` "$ORIGIN` + path + `" -H "Authorization: Bearer $TOKEN" \` + "\n  -H 'Content-Type: application/json' -d '" + strings.TrimSpace(string(b)) + "'"
}

// shape is a schema in a few words, with the component that it leads to.
type shape struct{ Text, Component, Limits string }

func typeOf(s *spec.Schema) shape {
	if s.Name != "" {
		return shape{Text: s.Name, Component: s.Name}
	}
	var out shape
	switch {
	case s.Items != nil:
		out = typeOf(s.Items)
		out.Text = "list of " + out.Text
	case len(s.AnyOf) > 0:
		var parts []string
		for _, one := range s.AnyOf {
			o := typeOf(one)
			if out.Component == "" {
				out.Component = o.Component
			}
			if !slices.Contains(parts, o.Text) {
				parts = append(parts, o.Text)
			}
		}
		out.Text = strings.Join(parts, " or ")
	case len(s.Enum) > 0:
		var words []string
		for _, e := range s.Enum {
			if w, ok := e.(string); ok {
				words = append(words, w)
			}
		}
		out.Text = strings.Join(words, ", ")
	case s.Values != nil:
		out.Text = "object of any names"
	case len(s.Types) > 0:
		out.Text = map[string]string{"string": "text", "integer": "number", "boolean": "true or false", "object": "object"}[s.Types[0]]
		if out.Text == "" {
			out.Text = s.Types[0]
		}
		if s.Format != "" {
			out.Text = s.Format
		}
	default:
		out.Text = "anything"
	}
	if slices.Contains(s.Types, "null") && len(s.Types) > 1 {
		out.Text += " or null"
	}
	out.Limits = limits(s)
	return out
}

func limits(s *spec.Schema) string {
	var out []string
	bound := func(unit string, low, high *int64) {
		if low != nil && high != nil && *high < 1<<62 {
			out = append(out, strconv.FormatInt(*low, 10)+" to "+strconv.FormatInt(*high, 10)+unit)
		}
	}
	bound("", s.Minimum, s.Maximum)
	bound(" characters", wide(s.MinLength), wide(s.MaxLength))
	if s.MaxItems != nil {
		out = append(out, "at most "+strconv.Itoa(*s.MaxItems))
	}
	if s.Default != nil {
		if b, err := spec.Indent(s.Default); err == nil {
			out = append(out, "default "+strings.Trim(string(b), "\"\n"))
		}
	}
	return strings.Join(out, "; ")
}

func wide(n *int) *int64 {
	if n == nil {
		return nil
	}
	w := int64(*n)
	return &w
}
