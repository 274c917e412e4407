package rest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

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
