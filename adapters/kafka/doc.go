// Package kafka is the transport on Apache Kafka, with IBM/sarama.
//
// Publishing: one idempotent producer, one waiter for each call. Calls that are
// in flight together share a request, because while one request is on its way
// the next batch fills up; nobody waits for a timer. A producer that failed is
// closed, waited for, and only then replaced, so that no zombie of the old one
// can append behind the new one.
//
// Durable subscriptions: a consumer group with eager sticky assignment. Each
// partition has a dispatcher with one lane for each key: one key in order, keys
// beside each other. Offsets only move up to the first delivery that is not done
// (the low-water mark); what lies beyond it is bounded by Window, so memory is.
// A dispatcher that is full does not read, Sarama then stops fetching that
// partition, and heartbeats go on.
//
// Broadcast subscriptions: no group and no stored offsets. Every partition is
// read from its end at the time of the start; places are remembered in memory.
//
// Nothing here decodes a body. Constructors do no I/O and start no goroutine.
package kafka
