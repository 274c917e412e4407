package spec

// Schema is a JSON Schema (2020-12), as OpenAPI 3.1 uses it. One with a Name becomes
// a component of that name, and is referred to wherever it is used; equal names must
// be equal schemas.
type Schema struct {
	Name        string
	Description string
	Types       []string // none: any
	Format      string
	Pattern     string
	Enum        []any
	MinLength   *int
	MaxLength   *int
	Minimum     *int64
	Maximum     *int64
	MaxItems    *int
	Items       *Schema
	Properties  []Property
	Values      *Schema // of an object whose names are not known
	AnyOf       []*Schema
	Default     any
	Example     any
}

// Property is a field of an object.
type Property struct {
	Name     string
	Schema   *Schema
	Required bool
}

// Text is a string.
func Text() *Schema { return &Schema{Types: []string{"string"}} }

// Bool is true or false.
func Bool() *Schema { return &Schema{Types: []string{"boolean"}} }

// Int is a whole number.
func Int() *Schema { return &Schema{Types: []string{"integer"}} }

// Any is any value.
func Any() *Schema { return &Schema{} }

// UUID is an id as everywhere in this API.
func UUID() *Schema {
	return Text().As("uuid").Like("01890a5d-ac96-774b-bcce-b302099a8057")
}

// Time is a time as answers have it: UTC, six digits, Z.
func Time() *Schema {
	s := Text().As("date-time").Like("2026-02-04T10:00:00.000000Z")
	s.Pattern = `^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$`
	return s
}

// OneOf is one of some words.
func OneOf(words ...string) *Schema {
	s := Text()
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

// Either is a value of any of some schemas.
func Either(s ...*Schema) *Schema { return &Schema{AnyOf: s} }

// List is an array.
func List(items *Schema) *Schema { return &Schema{Types: []string{"array"}, Items: items} }

// Object has fields.
func Object(p ...Property) *Schema { return &Schema{Types: []string{"object"}, Properties: p} }

// Map is an object with names that are not known.
func Map(values *Schema) *Schema { return &Schema{Types: []string{"object"}, Values: values} }

// Has is a field that is always there.
func Has(name string, s *Schema) Property { return Property{Name: name, Schema: s, Required: true} }

// May is a field that may be absent.
func May(name string, s *Schema) Property { return Property{Name: name, Schema: s} }

// Named makes s a component.
func (s *Schema) Named(name string) *Schema { s.Name = name; return s }

// Unnamed is s as itself, not as the component that it is.
func (s *Schema) Unnamed() *Schema {
	c := *s
	c.Name = ""
	return &c
}

// About describes s.
func (s *Schema) About(text string) *Schema { s.Description = text; return s }

// As gives s a format.
func (s *Schema) As(format string) *Schema { s.Format = format; return s }

// Match gives s a pattern (of ECMA 262).
func (s *Schema) Match(pattern string) *Schema { s.Pattern = pattern; return s }

// Like gives s an example.
func (s *Schema) Like(example any) *Schema { s.Example = example; return s }

// Or gives s a default.
func (s *Schema) Or(value any) *Schema { s.Default = value; return s }

// Len bounds the code points of a text.
func (s *Schema) Len(low, high int) *Schema { s.MinLength, s.MaxLength = &low, &high; return s }

// From bounds a number.
func (s *Schema) From(low, high int64) *Schema { s.Minimum, s.Maximum = &low, &high; return s }

// Most bounds the elements of a list.
func (s *Schema) Most(n int) *Schema { s.MaxItems = &n; return s }

// OrNull lets s be null as well.
func (s *Schema) OrNull() *Schema {
	if s.Name != "" || len(s.AnyOf) > 0 {
		return Either(s, &Schema{Types: []string{"null"}})
	}
	s.Types = append(s.Types, "null")
	if len(s.Enum) > 0 {
		s.Enum = append(s.Enum, nil)
	}
	return s
}
