package asyncapi

import (
	"fmt"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
)

// topics has a channel for each topic, and an operation for each service that
// publishes or consumes it.
func topics() (channels, operations spec.Ordered) {
	for _, r := range domain.Routes() {
		name := string(r.Topic)
		var messages spec.Ordered
		var carried []any
		for _, t := range r.Types {
			messages.Put(string(t), ref("components/messages/"+string(t)))
			carried = append(carried, ref("channels/"+name+"/messages/"+string(t)))
		}
		channels.Put(name, spec.Ordered{
			{Name: "address", Value: name},
			{Name: "description", Value: aboutTopic(r)},
			{Name: "servers", Value: []any{ref("servers/broker")}},
			{Name: "messages", Value: messages},
			{Name: "bindings", Value: spec.Ordered{{Name: "kafka", Value: spec.Ordered{{Name: "topic", Value: name}, {Name: "bindingVersion", Value: "0.5.0"}}}}},
		})
		operation := func(service domain.Service, action, verb, about string, more ...spec.Member) {
			operations.Put(fmt.Sprintf("%s.%s.%s", service, verb, name), append(spec.Ordered{
				{Name: "action", Value: action},
				{Name: "channel", Value: ref("channels/" + name)},
				{Name: "summary", Value: about},
				{Name: "tags", Value: []any{spec.Ordered{{Name: "name", Value: string(service)}}}},
				{Name: "messages", Value: carried},
			}, more...))
		}
		operation(r.Publisher, "send", "publishes", fmt.Sprintf("%s publishes %s.", r.Publisher, name))
		for _, c := range r.Consumers {
			if r.Broadcast {
				operation(c, "receive", "consumes", fmt.Sprintf("Every instance of %s consumes %s, from the newest record on.", c, name))
				continue
			}
			operation(c, "receive", "consumes", fmt.Sprintf("%s consumes %s as one group, each event once in effect.", c, name), groupOf(c))
		}
	}
	return channels, operations
}

func aboutTopic(r domain.Route) string {
	if r.Broadcast {
		return "All events again, for every instance of " + string(domain.WebsocketService) + "."
	}
	return "Events of one user come in the order of their stream position, " + fmt.Sprintf("`sequence`; published by %s.", r.Publisher)
}

// groupOf binds an operation to the consumer group of a service.
func groupOf(s domain.Service) spec.Member {
	id := spec.Ordered{{Name: "type", Value: "string"}, {Name: "enum", Value: []string{string(s)}}}
	return spec.Member{Name: "bindings", Value: spec.Ordered{{Name: "kafka", Value: spec.Ordered{
		{Name: "groupId", Value: id}, {Name: "bindingVersion", Value: "0.5.0"},
	}}}}
}
