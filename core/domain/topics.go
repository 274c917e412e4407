package domain

import "slices"

// Service is the name of one of the services. It is the Dapr app id, the
// consumer group of what the service consumes durably, the CloudEvents source of
// what it publishes and the suffix of its idempotency keys.
type Service string

// The five services.
const (
	BackendAPI          Service = "backend-api"
	AuditService        Service = "audit-service"
	NotificationService Service = "notification-service"
	RecurringService    Service = "recurring-service"
	WebsocketService    Service = "websocket-service"
)

// Topic is the name of a topic at the broker.
type Topic string

// The six topics.
const (
	TaskCreated   Topic = "task-created"
	TaskUpdated   Topic = "task-updated"
	TaskCompleted Topic = "task-completed"
	TaskDeleted   Topic = "task-deleted"
	ReminderDue   Topic = "reminder-due"
	TaskUpdates   Topic = "task-updates"
)

// EventType is the CloudEvents type of an event, with its version.
type EventType string

// The event types. A change of a payload that an old reader can't understand is
// a new version, published beside the old one.
const (
	TaskCreatedV1   EventType = "task.created.v1"
	TaskUpdatedV1   EventType = "task.updated.v1"
	TaskCompletedV1 EventType = "task.completed.v1"
	TaskDeletedV1   EventType = "task.deleted.v1"
	ReminderDueV1   EventType = "reminder.due.v1"
)

// Route is one row of the routing table: who publishes a topic, what it
// carries, and who consumes it.
type Route struct {
	Topic     Topic
	Types     []EventType
	Publisher Service
	Consumers []Service
	Broadcast bool // every instance of the consumers gets every event
}

// Routes is the routing table, the only place where it is written.
// Subscriptions, relays, topic creation and the documentation derive from it.
func Routes() []Route {
	return []Route{
		{Topic: TaskCreated, Types: []EventType{TaskCreatedV1}, Publisher: BackendAPI, Consumers: []Service{AuditService, WebsocketService}},
		{Topic: TaskUpdated, Types: []EventType{TaskUpdatedV1}, Publisher: BackendAPI, Consumers: []Service{AuditService, WebsocketService}},
		{Topic: TaskCompleted, Types: []EventType{TaskCompletedV1}, Publisher: BackendAPI, Consumers: []Service{AuditService, RecurringService, WebsocketService}},
		{Topic: TaskDeleted, Types: []EventType{TaskDeletedV1}, Publisher: BackendAPI, Consumers: []Service{AuditService, WebsocketService}},
		{Topic: ReminderDue, Types: []EventType{ReminderDueV1}, Publisher: NotificationService, Consumers: []Service{WebsocketService}},
		{
			Topic: TaskUpdates, Types: []EventType{TaskCreatedV1, TaskUpdatedV1, TaskCompletedV1, TaskDeletedV1, ReminderDueV1},
			Publisher: WebsocketService, Consumers: []Service{WebsocketService}, Broadcast: true,
		},
	}
}

// Topics lists every topic of the routing table, in its order.
func Topics() []Topic {
	var out []Topic
	for _, r := range Routes() {
		out = append(out, r.Topic)
	}
	return out
}

// ConsumedBy lists the topics that service consumes, durably or as a broadcast.
func ConsumedBy(s Service, broadcast bool) []Topic {
	var out []Topic
	for _, r := range Routes() {
		if r.Broadcast == broadcast && slices.Contains(r.Consumers, s) {
			out = append(out, r.Topic)
		}
	}
	return out
}

// TopicOf is the domain topic that an event of type t is published on first;
// "" for an unknown type.
func TopicOf(t EventType) Topic {
	switch t {
	case TaskCreatedV1:
		return TaskCreated
	case TaskUpdatedV1:
		return TaskUpdated
	case TaskCompletedV1:
		return TaskCompleted
	case TaskDeletedV1:
		return TaskDeleted
	case ReminderDueV1:
		return ReminderDue
	}
	return ""
}

// Carries says whether topic may carry an event of type t by the routing table.
func (topic Topic) Carries(t EventType) bool {
	of := TopicOf(t)
	return of != "" && (topic == of || topic == TaskUpdates)
}

// DurableGroups lists the services that consume durably; each is a group of its name.
func DurableGroups() []Service {
	var out []Service
	for _, r := range Routes() {
		for _, s := range r.Consumers {
			if !r.Broadcast && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
