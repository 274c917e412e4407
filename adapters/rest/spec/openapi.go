package spec

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// API is what the document says beside the routes.
type API struct {
	Title, Version, About string
	Tags                  []Tag
	Problem               *Schema // of every failure
	ID                    *Schema // of {id}
	User                  *Schema // of {user_id}
}

// Tag is a resource.
type Tag struct{ Name, About string }

const (
	jsonType    = "application/json"
	problemType = "application/problem+json"
	requestID   = "X-Request-ID"
)

// Document is the OpenAPI 3.1 document of a table.
func (a API) Document(table []Route) ([]byte, error) {
	components, err := a.Components(table)
	if err != nil {
		return nil, err
	}
	var paths Ordered
	for _, r := range table {
		if !slices.ContainsFunc(a.Tags, func(t Tag) bool { return t.Name == r.Tag }) {
			return nil, fmt.Errorf("%s %s has the tag %q, which nobody describes", r.Method, r.Path, r.Tag)
		}
		i := slices.IndexFunc(paths, func(m Member) bool { return m.Name == r.Path })
		if i < 0 {
			i = len(paths)
			paths = append(paths, Member{r.Path, Ordered{}})
		}
		item, _ := paths[i].Value.(Ordered)
		paths[i].Value = append(item, Member{strings.ToLower(r.Method), a.operation(r)})
	}
	var list Ordered
	for _, s := range components {
		list.Put(s.Name, s.full())
	}
	tags := make([]Ordered, len(a.Tags))
	for i, t := range a.Tags {
		tags[i] = Ordered{{"name", t.Name}, {"description", t.About}}
	}
	return Indent(Ordered{
		{"openapi", "3.1.0"},
		{"info", Ordered{
			{"title", a.Title}, {"version", a.Version}, {"description", a.About},
			{"license", Ordered{{"name", "Apache 2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []Ordered{{{"url", "/"}}}},
		{"tags", tags},
		{"paths", paths},
		{"components", Ordered{
			{"securitySchemes", securitySchemes()}, {"parameters", commonParameters()},
			{"headers", commonHeaders()}, {"responses", a.problems(table)}, {"schemas", list},
		}},
	})
}

// Components are the named schemas that a table uses, in the order of their first use.
func (a API) Components(table []Route) ([]*Schema, error) {
	schemas := named{text: map[string][]byte{}}
	for _, r := range table {
		for _, s := range r.schemas() {
			if err := schemas.add(s); err != nil {
				return nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
			}
		}
	}
	if err := schemas.add(a.Problem); err != nil {
		return nil, err
	}
	return schemas.order, nil
}

func (r Route) schemas() []*Schema {
	var all []*Schema
	for _, p := range r.Params {
		all = append(all, p.Schema)
	}
	if r.Body != nil {
		all = append(all, r.Body.Schema)
	}
	for _, a := range r.Answers {
		all = append(all, a.Schema)
		for _, h := range a.Headers {
			all = append(all, h.Schema)
		}
	}
	return all
}

func (a API) operation(r Route) Ordered {
	o := Ordered{{"operationId", r.ID}, {"tags", []string{r.Tag}}, {"summary", r.Summary}}
	o.Put("description", r.About)
	o.Put("security", r.security())
	o.Put("parameters", a.parameters(r))
	if r.Body != nil {
		body := Ordered{}
		body.Put("description", r.Body.About)
		body = append(body, Member{"required", !r.Body.Optional}, Member{"content", Ordered{{jsonType, Ordered{{"schema", r.Body.Schema.ref()}}}}})
		o.Put("requestBody", body)
	}
	var answers Ordered
	for _, answer := range r.Answers {
		answers.Put(strconv.Itoa(answer.Status), answer.response(r.limited()))
	}
	for _, status := range r.Problems() {
		answers.Put(strconv.Itoa(status), Ordered{{"$ref", "#/components/responses/" + problemName(status)}})
	}
	o.Put("responses", answers)
	return o
}

func (r Route) security() []Ordered {
	list := []Ordered{}
	switch r.Access {
	case Owner:
		list = append(list, Ordered{{"bearer", []string{}}})
	case Operator:
		list = append(list, Ordered{{"bearer", []string{"operator"}}})
	case Public:
	}
	if r.Cookie {
		list = append(list, Ordered{{"session", []string{}}}, Ordered{{"secureSession", []string{}}})
	}
	return list
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// Parameters are all parameters of a route but X-Request-ID, those of the path first.
func (a API) Parameters(r Route) []Param {
	var all []Param
	for _, m := range placeholder.FindAllStringSubmatch(r.Path, -1) {
		name := m[1]
		switch {
		case slices.ContainsFunc(r.Params, func(p Param) bool { return p.In == "path" && p.Name == name }):
		case name == "user_id":
			all = append(all, InPath(name, a.User, "The user; the token must be theirs."))
		default:
			all = append(all, InPath(name, a.ID, "Its id."))
		}
	}
	return append(all, r.Params...)
}

func (a API) parameters(r Route) []Ordered {
	out := []Ordered{}
	for _, p := range a.Parameters(r) {
		o := Ordered{{"name", p.Name}, {"in", p.In}, {"description", p.About}}
		if p.Required {
			o.Put("required", true)
		}
		out = append(out, append(o, Member{"schema", p.Schema.ref()}))
	}
	return append(out, Ordered{{"$ref", "#/components/parameters/" + requestID}})
}

func (a Answer) response(limited bool) Ordered {
	headers := Ordered{{requestID, Ordered{{"$ref", "#/components/headers/" + requestID}}}}
	for _, h := range a.Headers {
		headers.Put(h.Name, header(h.About, h.Schema, !h.Sometimes))
	}
	if limited {
		headers = append(headers, rateLimit()...)
	}
	o := Ordered{{"description", a.About}, {"headers", headers}}
	if a.Schema != nil {
		kind := a.Type
		if kind == "" {
			kind = jsonType
		}
		o.Put("content", Ordered{{kind, Ordered{{"schema", a.Schema.ref()}}}})
	}
	return o
}

func problemName(status int) string {
	return strings.ReplaceAll(http.StatusText(status), " ", "")
}
