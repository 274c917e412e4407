package asyncapi

import "github.com/tasktide/tasktide/adapters/rest/spec"

// The messages of a live connection, by the names that their schemas have.
var (
	ofServer = []string{"connected", "taskUpdate", "notificationCreated", "resync", "authExpiring", "pong"}
	ofClient = []string{"auth", "resume", "ping"}
)

func liveChannels() spec.Ordered {
	channel := func(address, about, server string, names []string, bindings ...spec.Member) spec.Ordered {
		var messages spec.Ordered
		for _, name := range names {
			messages.Put(name, ref("components/messages/"+name))
		}
		return append(spec.Ordered{
			{Name: "address", Value: address},
			{Name: "description", Value: about},
			{Name: "servers", Value: []any{ref("servers/" + server)}},
			{Name: "parameters", Value: spec.Ordered{{Name: "user_id", Value: spec.Ordered{{Name: "description", Value: "The user; the token must be theirs."}}}}},
			{Name: "messages", Value: messages},
		}, bindings...)
	}
	all := append(append([]string{}, ofServer...), ofClient...)
	return spec.Ordered{
		{Name: "webSocket", Value: channel("/ws/{user_id}",
			"The user's changes as they happen. Positions rise by one, without gap or repeat, across reconnects when the client resumes."+aboutCodes(),
			"live", all, spec.Member{Name: "bindings", Value: spec.Ordered{{Name: "ws", Value: spec.Ordered{
				{Name: "method", Value: "GET"}, {Name: "bindingVersion", Value: "0.1.0"},
			}}}})},
		{Name: "serverSentEvents", Value: channel("/api/sse/{user_id}",
			"The same messages as default events; `id` is `<epoch>:<position>` and `Last-Event-ID` resumes. `connected` has no `id` when `resync` follows: until then the client's place is the old one.", "liveHTTP", ofServer[:5])},
	}
}

func liveOperations() spec.Ordered {
	operation := func(action, channel, about string, names []string) spec.Ordered {
		var messages []any
		for _, name := range names {
			messages = append(messages, ref("channels/"+channel+"/messages/"+name))
		}
		return spec.Ordered{
			{Name: "action", Value: action}, {Name: "channel", Value: ref("channels/" + channel)}, {Name: "summary", Value: about},
			{Name: "tags", Value: []any{spec.Ordered{{Name: "name", Value: "websocket-service"}}}}, {Name: "messages", Value: messages},
		}
	}
	return spec.Ordered{
		{Name: "websocket-service.tells", Value: operation("send", "webSocket", "The server tells a client what happens.", ofServer)},
		{Name: "websocket-service.hears", Value: operation("receive", "webSocket", "A client asks the server.", ofClient)},
		{Name: "websocket-service.streams", Value: operation("send", "serverSentEvents", "The server tells a client what happens.", ofServer[:5])},
	}
}

func liveMessages() spec.Ordered {
	var out spec.Ordered
	for _, name := range append(append([]string{}, ofServer...), ofClient...) {
		out.Put(name, spec.Ordered{
			{Name: "name", Value: name}, {Name: "contentType", Value: "application/json"}, {Name: "payload", Value: ref("components/schemas/" + name)},
		})
	}
	return out
}
