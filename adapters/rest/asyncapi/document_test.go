package asyncapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tasktide/tasktide/adapters/rest/asyncapi"
	"github.com/tasktide/tasktide/core/domain"
)

func document(t *testing.T) (map[string]any, []byte) {
	t.Helper()
	b, err := asyncapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc, b
}

// official is the schema that the AsyncAPI Initiative publishes.
func official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/asyncapi-3.0.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("asyncapi.json", s); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestTheDocumentIsValidByTheOfficialSchema(t *testing.T) {
	t.Parallel()
	schema := official(t)
	_, b := document(t)
	valid := func(b []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	if err := valid(b); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"asyncapi": "3.0.0"`, `"asyncapi": "2.0.0"`}, {`"action": "send"`, `"action": "publish"`}, {`"protocol": "kafka",`, ``},
		{`"address": "task-created"`, `"address": 5`}, {`"groupId": {`, `"group": {`}, {`"title": "Tasktide",`, ``},
	} {
		wrong := strings.Replace(string(b), edit[0], edit[1], 1)
		if wrong == string(b) {
			t.Errorf("%s is not in the document", edit[0])
		} else if valid([]byte(wrong)) == nil {
			t.Errorf("%s passed", edit[1])
		}
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	t.Parallel()
	doc, _ := document(t)
	found := 0
	var walk func(node any)
	walk = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			if r, ok := n["$ref"].(string); ok {
				found++
				if target(doc, r) == nil {
					t.Errorf("%s leads nowhere", r)
				}
			}
			for _, child := range n {
				walk(child)
			}
		case []any:
			for _, child := range n {
				walk(child)
			}
		}
	}
	walk(doc)
	if found < 100 {
		t.Errorf("only %d references", found)
	}
}

func target(doc map[string]any, pointer string) any {
	path, ok := strings.CutPrefix(pointer, "#/")
	if !ok {
		return nil
	}
	var at any = doc
	for part := range strings.SplitSeq(path, "/") {
		m, _ := at.(map[string]any)
		at = m[part]
	}
	return at
}

// TestTheDocumentSaysWhatTheRoutingTableSays reads the table back from the document.
func TestTheDocumentSaysWhatTheRoutingTableSays(t *testing.T) {
	t.Parallel()
	doc, _ := document(t)
	operations, _ := doc["operations"].(map[string]any)
	count := 0
	for _, r := range domain.Routes() {
		channel, _ := target(doc, "#/channels/"+string(r.Topic)).(map[string]any)
		if channel["address"] != string(r.Topic) {
			t.Errorf("%s has the address %v", r.Topic, channel["address"])
		}
		messages, _ := channel["messages"].(map[string]any)
		for name := range messages {
			if !slices.Contains(r.Types, domain.EventType(name)) {
				t.Errorf("%s carries %s", r.Topic, name)
			}
		}
		if len(messages) != len(r.Types) {
			t.Errorf("%s carries %d types, want %d", r.Topic, len(messages), len(r.Types))
		}
		check := func(name, action string) {
			o, _ := operations[name].(map[string]any)
			ref, _ := o["channel"].(map[string]any)
			if count++; o["action"] != action || ref["$ref"] != "#/channels/"+string(r.Topic) {
				t.Errorf("%s is %v", name, o)
			}
		}
		check(string(r.Publisher)+".publishes."+string(r.Topic), "send")
		for _, c := range r.Consumers {
			check(string(c)+".consumes."+string(r.Topic), "receive")
		}
	}
	for name := range operations {
		if strings.Contains(name, ".publishes.") || strings.Contains(name, ".consumes.") {
			count--
		}
	}
	if count != 0 {
		t.Errorf("%d operations too many or too few", count)
	}
}

// TestThePayloadsAreUsable validates real messages by the schemas inside the document.
func TestThePayloadsAreUsable(t *testing.T) {
	t.Parallel()
	_, b := document(t)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("doc.json", doc); err != nil {
		t.Fatal(err)
	}
	const task = `{"task_id":"01890a5d-ac96-774b-bcce-b302099a8057","title":"t"}`
	live := func(data, kind string) string {
		return `{"type":"task_update","action":"deleted","event_id":"01890a5d-ac96-774b-bcce-b302099a8057","event_type":"` + kind + `","position":1,"user_id":"u","timestamp":"2026-02-04T10:00:00.000000Z","data":` + data + `}`
	}
	for _, m := range []struct {
		name, body string
		ok         bool
	}{
		{"resume", `{"type":"resume","epoch":"01890a5d-ac96-774b-bcce-b302099a8057","position":4}`, true},
		{"resume", `{"type":"resume","epoch":"01890a5d-ac96-774b-bcce-b302099a8057","position":-1}`, false},
		{"ping", `{"type":"ping"}`, true},
		{"resync", `{"type":"resync","reason":"bored"}`, false},
		{"taskUpdate", live(task, "task.created.v1"), false},
		{"taskUpdate", live(task, "task.deleted.v1"), false}, // the last state is missing
		{"connected", `{"type":"connected","service":"websocket-service","timestamp":"2026-02-04T10:00:00.000000Z","epoch":"01890a5d-ac96-774b-bcce-b302099a8057","position":0}`, true},
	} {
		s, err := c.Compile("doc.json#/components/messages/" + m.name + "/payload")
		if err != nil {
			t.Fatal(err)
		}
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(m.body))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(body); (err == nil) != m.ok {
			t.Errorf("%s %s: %v", m.name, m.body, err)
		}
	}
}

// TestEveryCloseCodeIsDescribed reads the codes from where they are declared.
func TestEveryCloseCodeIsDescribed(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../core/realtime/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`= (4\d{3})\b`).FindAllStringSubmatch(string(source), -1)
	described := asyncapi.CloseCodes()
	if len(declared) == 0 || len(declared) != len(described) {
		t.Fatalf("%d codes are declared, %d described", len(declared), len(described))
	}
	for i, code := range described {
		if strconv.Itoa(int(code.Code)) != declared[i][1] {
			t.Errorf("%d is described where %s is declared", code.Code, declared[i][1])
		}
	}
}
