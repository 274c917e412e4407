package dapr

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// sameJSON compares what was read with what was written: jsonb reorders keys and
// changes white space.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

var escapedNUL = []byte(`\u0000`)

// withoutNUL replaces U+0000, which PostgreSQL's jsonb refuses, by U+FFFD. A
// refusal would look like an outage, for ever; and a hostile record's bytes do
// get into the error texts that are kept as state.
func withoutNUL(value []byte) []byte {
	if !bytes.Contains(value, escapedNUL) {
		return value
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return value
	}
	out, err := json.Marshal(replaceNUL(v))
	if err != nil {
		return value
	}
	return out
}

func replaceNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\uFFFD")
	case []any:
		for i := range v {
			v[i] = replaceNUL(v[i])
		}
		return v
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[strings.ReplaceAll(k, "\x00", "\uFFFD")] = replaceNUL(e)
		}
		return out
	}
	return v
}
