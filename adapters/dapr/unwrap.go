package dapr

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

var (
	wrapperStart = []byte(`{"data_base64":"`)
	tombstone    = []byte("null")
)

// unwrap takes a record's bytes out of the CloudEvent that daprd makes around a
// raw payload (components-contrib, pubsub.FromRawPayload). The result is a copy;
// it is empty for a tombstone, which daprd turns into "null".
//
// A body that is no such wrapper is returned as it came: it is not ours to judge,
// and core/delivery makes a dead letter of what nobody can read.
func unwrap(request []byte) []byte {
	data, ok := wrapped(request)
	if !ok {
		return bytes.Clone(request)
	}
	body := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(body, data)
	if err != nil {
		return bytes.Clone(request)
	}
	if body = body[:n]; bytes.Equal(body, tombstone) {
		return nil
	}
	return body
}

// wrapped finds data_base64. daprd marshals a map, so the keys are sorted and
// this one is the first; JSON in another order is read the slow way.
func wrapped(request []byte) (data []byte, ok bool) {
	if rest, found := bytes.CutPrefix(request, wrapperStart); found {
		if end := bytes.IndexByte(rest, '"'); end >= 0 && bytes.IndexByte(rest[:end], '\\') < 0 {
			return rest[:end], true
		}
	}
	var w struct {
		Data *string `json:"data_base64"`
	}
	if json.Unmarshal(request, &w) != nil || w.Data == nil {
		return nil, false
	}
	return []byte(*w.Data), true
}
