// Package schema holds what goes over the topics and over live connections against
// the JSON Schemas in docs. It is stricter than they are: they let new fields pass,
// for the sake of old readers; here a field that they do not name fails.
package schema

import (
	"bytes"
	"fmt"
	"path"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/docs"
)

// Base is what the schemas' own addresses begin with.
const Base = "https://github.com/tasktide/tasktide/docs/"

// Record checks a record as it goes to a broker.
func Record(body []byte) error { return check("events/cloudevent", body) }

// Event checks an event by the record that it becomes.
func Event(e domain.Event) error {
	if e.Position == 0 {
		e.Position = 1 // it gets one when it is stored
	}
	body, err := domain.EncodeEvent(e)
	if err != nil {
		return err
	}
	return Record(body)
}

// FromServer checks a message of a live connection to its client.
func FromServer(body []byte) error { return check("live/server", body) }

// FromClient checks a message of a client.
func FromClient(body []byte) error { return check("live/client", body) }

func check(name string, body []byte) error {
	s, err := compiled()
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("not JSON: %w: %.300q", err, body)
	}
	if err := s[name].Validate(doc); err != nil {
		return fmt.Errorf("not as docs/%s.schema.json has it: %w\n%s", name, err, body)
	}
	return nil
}

var compiled = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, folder := range []string{"events", "live"} {
		files, err := docs.Schemas.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := docs.Schemas.ReadFile(path.Join(folder, f.Name()))
			if err != nil {
				return nil, err
			}
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name(), err)
			}
			Close(doc)
			if err := c.AddResource(Base+folder+"/"+f.Name(), doc); err != nil {
				return nil, err
			}
		}
	}
	out := map[string]*jsonschema.Schema{}
	for _, name := range []string{"events/cloudevent", "live/server", "live/client"} {
		s, err := c.Compile(Base + name + ".schema.json")
		if err != nil {
			return nil, err
		}
		out[name] = s
	}
	return out, nil
})

// Close lets no object of a schema have fields that it does not name.
func Close(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, names := n["properties"]; names && n["type"] == "object" {
			n["unevaluatedProperties"] = false
		}
		for _, child := range n {
			Close(child)
		}
	case []any:
		for _, child := range n {
			Close(child)
		}
	}
}
