package asyncapi

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/tasktide/tasktide/docs"
)

const suffix = ".schema.json"

func read(file string) ([]byte, error) { return docs.Schemas.ReadFile(file + suffix) }

// components are all schemas of docs in one place: each file under its name, each of
// its definitions under the definition's, and what refers to them changed alike.
func components() (map[string]any, error) {
	out := map[string]any{}
	add := func(name string, s any) error {
		if _, ok := out[name]; ok {
			return fmt.Errorf("two schemas have the name %s", name)
		}
		out[name] = relocated(s)
		return nil
	}
	for _, folder := range []string{"events", "live"} {
		files, err := docs.Schemas.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			name := strings.TrimSuffix(f.Name(), suffix)
			b, err := read(path.Join(folder, name))
			if err != nil {
				return nil, err
			}
			var s map[string]any
			if err := json.Unmarshal(b, &s); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name(), err)
			}
			definitions, _ := s["$defs"].(map[string]any)
			for inner, d := range definitions {
				if err := add(inner, d); err != nil {
					return nil, err
				}
			}
			for _, key := range []string{"$schema", "$id", "$defs"} {
				delete(s, key)
			}
			if name != "definitions" {
				if err := add(name, s); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// relocated changes every $ref below node to where components puts its target.
func relocated(node any) any {
	switch n := node.(type) {
	case map[string]any:
		for key, child := range n {
			if target, ok := child.(string); ok && key == "$ref" {
				file, pointer, _ := strings.Cut(target, "#")
				name := strings.TrimPrefix(pointer, "/$defs/")
				if pointer == "" {
					name = strings.TrimSuffix(path.Base(file), suffix)
				}
				n[key] = "#/components/schemas/" + name
				continue
			}
			n[key] = relocated(child)
		}
	case []any:
		for i, child := range n {
			n[i] = relocated(child)
		}
	}
	return node
}
