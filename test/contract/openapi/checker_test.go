package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/test/contract/openapi"
)

const document = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/things/{id}":{"put":{
	"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string","format":"uuid"}},{"name":"n","in":"query","schema":{"type":"integer"}}],
	"requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}}}},
	"responses":{"200":{"description":"d","headers":{"ETag":{"required":true,"schema":{"type":"string","pattern":"^\"\\d+\"$"}}},
		"content":{"application/json":{"schema":{"type":"object","required":["a","when"],"properties":{"a":{"type":["string","null"]},"when":{"type":"string","format":"date-time"},
			"inner":{"anyOf":[{"$ref":"#/components/schemas/Inner"},{"type":"null"}]},
			"any":{"type":"object","additionalProperties":{"type":"integer"}},"more":{"type":"object","additionalProperties":{}},"all":{"description":"d"}}}}}},"204":{"description":"d"}}}}},
	"components":{"schemas":{"Inner":{"type":"object","properties":{"b":{"type":"boolean"}}}}}}`

func TestWhatIsNotDescribedIsFound(t *testing.T) {
	t.Parallel()
	c, err := openapi.New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	const path = "/things/01890a5d-ac96-774b-bcce-b302099a8057"
	const good = `{"a":"x","when":"2026-02-04T10:00:00Z"}`
	for name, e := range map[string]struct {
		method, path, body, etag, extra, answer string
		status                                  int
		ok                                      bool
	}{
		"as described":               {status: 200, answer: good, ok: true},
		"null where it may be":       {status: 200, answer: `{"a":null,"when":"2026-02-04T10:00:00Z","inner":null,"any":{"x":1}}`, ok: true},
		"anything where it may be":   {status: 200, answer: good[:len(good)-1] + `,"more":{"a":{"b":[{"c":1}]}},"all":[{"d":{"e":null}}]}`, ok: true},
		"no body":                    {status: 204, ok: true},
		"a field more":               {status: 200, answer: good[:len(good)-1] + `,"b":1}`},
		"a field more inside":        {status: 200, answer: good[:len(good)-1] + `,"inner":{"c":1}}`},
		"a field less":               {status: 200, answer: `{"a":"x"}`},
		"another type":               {status: 200, answer: strings.Replace(good, `"x"`, `5`, 1)},
		"another format":             {status: 200, answer: strings.Replace(good, `2026-02-04T10:00:00Z`, `today`, 1)},
		"a wrong value in a map":     {status: 200, answer: good[:len(good)-1] + `,"any":{"x":"1"}}`},
		"another status":             {status: 202, answer: good},
		"a header more":              {status: 200, answer: good, extra: "X-More"},
		"a header less":              {status: 200, answer: good, etag: "-"},
		"another header's value":     {status: 200, answer: good, etag: "1"},
		"a bad body accepted":        {status: 200, answer: good, body: `{}`},
		"a bad parameter accepted":   {status: 200, answer: good, path: path + "?n=x"},
		"an unknown path served":     {status: 200, answer: good, path: "/other"},
		"an unknown path refused":    {status: 404, answer: `{}`, path: "/other", ok: true},
		"an unknown method refused":  {status: 405, answer: `{}`, method: "POST", ok: true},
		"a known path says 404 once": {status: 404, answer: `{}`},
	} {
		r := httptest.NewRequest(or(e.method, "PUT"), "http://x"+or(e.path, path), http.NoBody)
		r.Header.Set("Content-Type", "application/json")
		h := http.Header{}
		if e.answer != "" {
			h.Set("Content-Type", "application/json")
		}
		if tag := or(e.etag, `"1"`); tag != "-" && e.status == 200 {
			h.Set("ETag", tag)
		}
		if e.extra != "" {
			h.Set(e.extra, "1")
		}
		err := c.Check(r, []byte(or(e.body, `{"a":"x"}`)), e.status, h, []byte(e.answer))
		if (err == nil) != e.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADocumentThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{``, `{}`, strings.Replace(document, `"description":"d",`, ``, 1), strings.Replace(document, `"info":{"title":"t","version":"1"},`, ``, 1)} {
		if _, err := openapi.New([]byte(bad)); err == nil {
			t.Errorf("%.60s passed", bad)
		}
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
