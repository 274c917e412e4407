package spec

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Route is one route. What every route of its kind has need not be said: the path
// parameters {user_id} and {id} (a UUID), X-Request-ID, and the problems that Problems
// adds.
type Route struct {
	Method, Path string // the path as OpenAPI has it: /api/{user_id}/tasks/{id}
	ID           string // operationId: a verb and a noun, unique
	Tag          string // the resource it belongs to
	Summary      string // one line: what it does
	About        string // more, in Markdown; may be empty
	Access       Access
	Cookie       bool // the cookie of a sign-in will do instead of the token
	Params       []Param
	Body         *Body // nil: takes none
	Answers      []Answer
	Errors       []int         // statuses of problems beside those of Problems
	Handle       fiber.Handler // nil: described here, served by another adapter
}

// Access says who may call a route.
type Access int

// The kinds of access.
const (
	Owner    Access = iota // a token of the user in the path
	Operator               // a token with the scope "operator"
	Public                 // no token
)

// Param is a parameter.
type Param struct {
	Name, In string // In: query, header or path
	About    string
	Required bool
	Schema   *Schema
}

// Query is an optional parameter of the query.
func Query(name string, s *Schema, about string) Param {
	return Param{Name: name, In: "query", About: about, Schema: s}
}

// InHeader is an optional header of the request.
func InHeader(name string, s *Schema, about string) Param {
	return Param{Name: name, In: "header", About: about, Schema: s}
}

// InPath describes a path parameter that is not one of the known ones.
func InPath(name string, s *Schema, about string) Param {
	return Param{Name: name, In: "path", About: about, Required: true, Schema: s}
}

// Body is a JSON body that a route takes.
type Body struct {
	Schema   *Schema
	About    string
	Optional bool
}

// Answer is one way in which a route answers when nothing is wrong.
type Answer struct {
	Status  int
	About   string
	Type    string  // media type; "": application/json
	Schema  *Schema // nil: no body
	Headers []Header
}

// Header is one that an answer may have.
type Header struct {
	Name, About string
	Schema      *Schema
	Sometimes   bool // false: it is always there
}

// limited says that a user may call r only so often.
func (r Route) limited() bool { return r.Access == Owner && r.Method != fiber.MethodGet }

// Problems are the statuses of the problems that r may answer: those that it names,
// and those that its kind brings.
func (r Route) Problems() []int {
	set := slices.Clone(r.Errors)
	if r.Access != Public {
		set = append(set, fiber.StatusUnauthorized, fiber.StatusForbidden, fiber.StatusServiceUnavailable)
	}
	if r.Access != Public && r.Method != fiber.MethodGet {
		set = append(set, fiber.StatusInsufficientStorage)
	}
	if r.limited() {
		set = append(set, fiber.StatusTooManyRequests)
	}
	if strings.Contains(r.Path, "{id}") {
		set = append(set, fiber.StatusNotFound, fiber.StatusUnprocessableEntity)
	}
	if r.Body != nil {
		set = append(set, fiber.StatusBadRequest, fiber.StatusRequestEntityTooLarge, fiber.StatusUnsupportedMediaType, fiber.StatusUnprocessableEntity)
	}
	if slices.ContainsFunc(r.Params, func(p Param) bool { return p.In == "query" }) {
		set = append(set, fiber.StatusUnprocessableEntity)
	}
	set = append(set, fiber.StatusRequestHeaderFieldsTooLarge, fiber.StatusInternalServerError)
	slices.Sort(set)
	return slices.Compact(set)
}
