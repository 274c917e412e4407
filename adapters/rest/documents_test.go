package rest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tasktide/tasktide/adapters/live"
	"github.com/tasktide/tasktide/adapters/rest"
	"github.com/tasktide/tasktide/adapters/rest/asyncapi"
)

var update = flag.Bool("update", false, "write the committed documents anew")

func TestTheCommittedDocumentsAreCurrent(t *testing.T) {
	for file, make := range map[string]func() ([]byte, error){
		"openapi.json": rest.OpenAPI, "asyncapi.json": asyncapi.Document,
	} {
		want, err := make()
		if err != nil {
			t.Fatal(err)
		}
		path := "../../docs/" + file
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the code says (%v): run `make docs`", file, err)
		}
	}
}

func TestDocumentsAreServedToAnybodyAndCached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/openapi.json", "/asyncapi.json"} {
		a := w.call("GET", path, "", "Authorization: ")
		if a.status != 200 || a.header.Get("Content-Type") != "application/json" || !json.Valid(a.body) {
			t.Fatalf("%s: %d %v", path, a.status, a.header)
		}
		if again := w.call("GET", path, "", "If-None-Match: "+a.header.Get("ETag")); again.status != 304 || len(again.body) > 0 {
			t.Errorf("%s: %d", path, again.status)
		}
	}
}

func TestThePagesAreWholeAndAskNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.call("GET", "/openapi.json", "").object(t)
	for _, path := range []string{"/docs", "/docs/events"} {
		a := w.call("GET", path, "", "Authorization: ")
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Fatalf("%s: %d %v", path, a.status, a.header)
		}
		ids, targets := map[string]bool{}, []string{}
		var open []string
		for z := html.NewTokenizer(bytes.NewReader(a.body)); ; {
			kind := z.Next()
			if kind == html.ErrorToken {
				break
			}
			tag := z.Token()
			switch {
			case kind == html.StartTagToken && !slices.Contains([]string{"meta", "link"}, tag.Data):
				open = append(open, tag.Data)
			case kind == html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != tag.Data {
					t.Fatalf("%s: </%s> closes %v", path, tag.Data, open)
				}
				open = open[:len(open)-1]
			}
			if tag.Data == "script" || tag.Data == "style" {
				t.Errorf("%s has a %s, which its policy forbids", path, tag.Data)
			}
			for _, attribute := range tag.Attr {
				switch attribute.Key {
				case "id":
					if ids[attribute.Val] {
						t.Errorf("%s has the id %s twice", path, attribute.Val)
					}
					ids[attribute.Val] = true
				case "href", "src":
					targets = append(targets, attribute.Val)
				case "style":
					t.Errorf("%s has a style in a tag, which its policy forbids", path)
				}
			}
		}
		for _, target := range targets {
			inside, here := strings.CutPrefix(target, "#")
			switch {
			case here && !ids[inside]:
				t.Errorf("%s: %s leads nowhere", path, target)
			case !here && target != "data:," && w.call("GET", target, "", "Authorization: ").status != 200:
				t.Errorf("%s: %s leads nowhere", path, target)
			}
		}
		if path == "/docs" {
			mentionsAll(t, all, ids)
		}
	}
}

// mentionsAll checks that the page has what the OpenAPI document has.
func mentionsAll(t *testing.T, document map[string]any, ids map[string]bool) {
	t.Helper()
	paths, _ := document["paths"].(map[string]any)
	n := 0
	for _, item := range paths {
		operations, _ := item.(map[string]any)
		for _, o := range operations {
			operation, _ := o.(map[string]any)
			if id, _ := operation["operationId"].(string); !ids[id] {
				t.Errorf("the page has no %s", id)
			}
			n++
		}
	}
	components, _ := document["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for name := range schemas {
		if !ids[name] {
			t.Errorf("the page has no %s", name)
		}
	}
	if n < 10 || len(schemas) < 5 {
		t.Errorf("only %d operations and %d schemas", n, len(schemas))
	}
}

// TestWhatIsDescribedIsServedAndTheOtherWayRound compares the document with the
// routes of an app that has all that clients call.
func TestWhatIsDescribedIsServedAndTheOtherWayRound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := rest.New(w.deps(w.tasks))
	live.NewServer(live.Deps{}).Mount(app)
	served := map[string]bool{}
	for _, r := range app.GetRoutes(true) {
		if r.Method != http.MethodHead { // comes with GET
			served[r.Method+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}")] = true
		}
	}
	paths, _ := w.call("GET", "/openapi.json", "").object(t)["paths"].(map[string]any)
	for path, item := range paths {
		for method := range item.(map[string]any) {
			place := strings.ToUpper(method) + " " + path
			if !served[place] {
				t.Errorf("%s is described and not served", place)
			}
			delete(served, place)
		}
	}
	for place := range served {
		t.Errorf("%s is served and not described", place)
	}
}
