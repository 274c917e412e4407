package spec

import (
	"bytes"
	"fmt"
)

const components = "#/components/schemas/"

// ref is s where it is used: a component is only referred to.
func (s *Schema) ref() any {
	if s.Name != "" {
		return Ordered{{"$ref", components + s.Name}}
	}
	return s.full()
}

// full is s itself.
func (s *Schema) full() Ordered {
	var o Ordered
	o.Put("description", s.Description)
	switch len(s.Types) {
	case 0:
	case 1:
		o.Put("type", s.Types[0])
	default:
		o.Put("type", s.Types)
	}
	o.Put("format", s.Format)
	o.Put("pattern", s.Pattern)
	if len(s.Enum) > 0 {
		o.Put("enum", s.Enum)
	}
	put(&o, "minLength", s.MinLength)
	put(&o, "maxLength", s.MaxLength)
	put(&o, "minimum", s.Minimum)
	put(&o, "maximum", s.Maximum)
	put(&o, "maxItems", s.MaxItems)
	if s.Items != nil {
		o.Put("items", s.Items.ref())
	}
	s.fields(&o)
	if s.Values != nil {
		o.Put("additionalProperties", s.Values.ref())
	}
	if len(s.AnyOf) > 0 {
		list := make([]any, len(s.AnyOf))
		for i, one := range s.AnyOf {
			list[i] = one.ref()
		}
		o.Put("anyOf", list)
	}
	o.Put("default", s.Default)
	if s.Example != nil {
		o.Put("examples", []any{s.Example})
	}
	return o
}

func put[T any](o *Ordered, name string, v *T) {
	if v != nil {
		o.Put(name, *v)
	}
}

func (s *Schema) fields(o *Ordered) {
	var required []string
	var properties Ordered
	for _, p := range s.Properties {
		if p.Required {
			required = append(required, p.Name)
		}
		properties.Put(p.Name, p.Schema.ref())
	}
	if len(required) > 0 {
		o.Put("required", required)
	}
	o.Put("properties", properties)
}

// named collects the components that are used, in the order of their first use.
type named struct {
	order []*Schema
	text  map[string][]byte
}

// add adds s and what it is made of.
func (n *named) add(s *Schema) error {
	if s == nil {
		return nil
	}
	if s.Name != "" {
		b, err := encode(s.full())
		if err != nil {
			return err
		}
		if known, ok := n.text[s.Name]; ok {
			if !bytes.Equal(known, b) {
				return fmt.Errorf("two schemas have the name %s", s.Name)
			}
			return nil
		}
		n.text[s.Name] = b
		n.order = append(n.order, s)
	}
	parts := append([]*Schema{s.Items, s.Values}, s.AnyOf...)
	for _, p := range s.Properties {
		parts = append(parts, p.Schema)
	}
	for _, p := range parts {
		if err := n.add(p); err != nil {
			return err
		}
	}
	return nil
}
