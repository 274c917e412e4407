// Package asyncapi makes the AsyncAPI 3.0 document of the topics and the live
// connection. It is derived: who publishes and consumes what is the routing table of
// core/domain, what is said are the JSON Schemas in docs.
package asyncapi

import (
	"encoding/json"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
)

// Document is the document.
func Document() ([]byte, error) {
	schemas, err := components()
	if err != nil {
		return nil, err
	}
	messages, err := eventMessages()
	if err != nil {
		return nil, err
	}
	channels, operations := topics()
	return spec.Indent(spec.Ordered{
		{Name: "asyncapi", Value: "3.0.0"},
		{Name: "info", Value: spec.Ordered{
			{Name: "title", Value: "Tasktide"}, {Name: "version", Value: "1.0.0"},
			{Name: "description", Value: "The topics, and the live connection. What a record on a topic is, its order, retries and dead letters are the same on every transport."},
			{Name: "license", Value: spec.Ordered{{Name: "name", Value: "Apache 2.0"}, {Name: "url", Value: "https://www.apache.org/licenses/LICENSE-2.0"}}},
		}},
		{Name: "defaultContentType", Value: "application/json"},
		{Name: "servers", Value: servers()},
		{Name: "channels", Value: append(channels, liveChannels()...)},
		{Name: "operations", Value: append(operations, liveOperations()...)},
		{Name: "components", Value: spec.Ordered{
			{Name: "messages", Value: append(messages, liveMessages()...)},
			{Name: "schemas", Value: schemas},
			{Name: "securitySchemes", Value: spec.Ordered{{Name: "bearer", Value: spec.Ordered{
				{Name: "type", Value: "http"}, {Name: "scheme", Value: "bearer"}, {Name: "bearerFormat", Value: "JWT"},
			}}}},
		}},
	})
}

func ref(pointer string) spec.Ordered { return spec.Ordered{{Name: "$ref", Value: "#/" + pointer}} }

func servers() spec.Ordered {
	host := func(initial, about string) spec.Ordered {
		return spec.Ordered{{Name: "host", Value: spec.Ordered{{Name: "default", Value: initial}, {Name: "description", Value: about}}}}
	}
	server := func(protocol, about string, variables spec.Ordered, more ...spec.Member) spec.Ordered {
		return append(spec.Ordered{
			{Name: "host", Value: "{host}"}, {Name: "protocol", Value: protocol}, {Name: "description", Value: about}, {Name: "variables", Value: variables},
		}, more...)
	}
	secured := spec.Member{Name: "security", Value: []any{ref("components/securitySchemes/bearer")}}
	return spec.Ordered{
		{Name: "broker", Value: server("kafka", "Kafka or Redpanda, reached directly or through Dapr with raw payload.", host("localhost:9092", "A broker of the cluster."))},
		{Name: "live", Value: server("wss", "websocket-service, or the one binary. `ws` where there is no TLS.", host("localhost:8000", "Where it listens."), secured)},
		{Name: "liveHTTP", Value: server("https", "The same, for server-sent events.", host("localhost:8000", "Where it listens."), secured)},
	}
}

// eventMessages has one message for each event type: a record as the topics carry it.
func eventMessages() (spec.Ordered, error) {
	var out spec.Ordered
	for _, r := range domain.Routes() {
		if r.Broadcast {
			continue // carries what the others carry
		}
		for _, t := range r.Types {
			about, err := describe("events/" + string(t))
			if err != nil {
				return nil, err
			}
			is := spec.Ordered{{Name: "const", Value: string(t)}}
			payload := map[string]any{"allOf": []any{
				ref("components/schemas/cloudevent"),
				map[string]any{"properties": map[string]any{
					"type": is,
					"data": map[string]any{"properties": map[string]any{"event_type": is, "data": ref("components/schemas/" + string(t))}},
				}},
			}}
			out.Put(string(t), spec.Ordered{
				{Name: "name", Value: string(t)}, {Name: "title", Value: string(t)}, {Name: "summary", Value: about},
				{Name: "contentType", Value: "application/cloudevents+json"},
				{Name: "payload", Value: payload},
				{Name: "correlationId", Value: spec.Ordered{
					{Name: "description", Value: "The request's X-Request-ID; the event's own id where there was no request."},
					{Name: "location", Value: "$message.payload#/data/correlation_id"},
				}},
				{Name: "bindings", Value: spec.Ordered{{Name: "kafka", Value: spec.Ordered{
					{Name: "key", Value: spec.Ordered{{Name: "type", Value: "string"}, {Name: "description", Value: "The user's id: events of one user keep their order."}}},
					{Name: "bindingVersion", Value: "0.5.0"},
				}}}},
			})
		}
	}
	return out, nil
}

func describe(file string) (string, error) {
	b, err := read(file)
	if err != nil {
		return "", err
	}
	var s struct{ Description string }
	err = json.Unmarshal(b, &s)
	return s.Description, err
}
