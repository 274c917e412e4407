package spec

import (
	"bytes"
	"encoding/json"
)

// Member is one name and value of an Ordered.
type Member struct {
	Name  string
	Value any
}

// Ordered is a JSON object that keeps its order: documents for people have the
// order in which their authors think.
type Ordered []Member

// Put adds a member, unless its value says nothing.
func (o *Ordered) Put(name string, value any) {
	switch v := value.(type) {
	case nil:
		return
	case string:
		if v == "" {
			return
		}
	case Ordered:
		if len(v) == 0 {
			return
		}
	}
	*o = append(*o, Member{name, value})
}

// MarshalJSON writes the members in their order.
func (o Ordered) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		for j, v := range []any{m.Name, m.Value} {
			if j > 0 {
				out.WriteByte(':')
			}
			b, err := encode(v)
			if err != nil {
				return nil, err
			}
			out.Write(b)
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// encode is json.Marshal without escapes for HTML.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}

// Indent encodes a document for people and for diffs.
func Indent(v any) ([]byte, error) {
	b, err := encode(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
