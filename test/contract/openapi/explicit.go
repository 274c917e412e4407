package openapi

import (
	"encoding/json"
	"slices"
)

// explicit says in a document, in other words of JSON Schema, what strict mode does
// not see: that an object may have any names, and that a value may be anything.
func explicit(document []byte) ([]byte, error) {
	var all map[string]any
	if err := json.Unmarshal(document, &all); err != nil {
		return nil, err
	}
	schema(all, false)
	components, _ := all["components"].(map[string]any)
	if schemas, ok := components["schemas"].(map[string]any); ok {
		schemas["Anything"] = anything()
	}
	return json.Marshal(all)
}

func anything() map[string]any {
	again := map[string]any{"$ref": "#/components/schemas/Anything"}
	return map[string]any{"patternProperties": map[string]any{".*": again}, "items": again}
}

// schema rewrites what is below node; is says that node itself is a schema.
func schema(node any, is bool) {
	switch n := node.(type) {
	case map[string]any:
		if values, ok := n["additionalProperties"].(map[string]any); ok {
			n["patternProperties"] = map[string]any{".*": values}
			delete(n, "additionalProperties")
		}
		for name, child := range n {
			switch name {
			case "properties", "patternProperties":
				children, _ := child.(map[string]any)
				for _, c := range children {
					schema(c, true)
				}
			default:
				schema(child, name == "schema" || name == "items")
			}
		}
		if is && (open(n) || anyNames(n)) {
			for name, value := range anything() {
				n[name] = value
			}
		}
	case []any:
		for _, child := range n {
			schema(child, false)
		}
	}
}

// open says whether a schema allows any value.
func open(s map[string]any) bool {
	for _, word := range []string{"type", "$ref", "anyOf", "allOf", "oneOf", "enum", "const", "properties", "patternProperties"} {
		if _, ok := s[word]; ok {
			return false
		}
	}
	return true
}

// anyNames says whether a schema is of objects of which no name is known.
func anyNames(s map[string]any) bool {
	_, names := s["properties"]
	_, patterns := s["patternProperties"]
	list, _ := s["type"].([]any)
	return !names && !patterns && (s["type"] == "object" || slices.Contains(list, any("object")))
}
