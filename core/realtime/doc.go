// Package realtime brings a user's events to all of the user's connections.
//
// Aggregator gathers the domain topics on task-updates. Every instance of the
// service consumes that broadcast and hands it to its Hub, which holds the
// connections of this instance.
//
// The Hub guarantees for each connection: behind its place (where it joined, or
// where it resumed) it gets every event of its user, in the order of the stream,
// none missing and none twice. The broadcast only brings the news: an event that
// is exactly next is passed on; anything else makes the Hub read the stream
// (ports.EventStream), which is the truth. All connections of a user share one
// read at a time. Once a second the Hub also compares the heads of its users'
// streams, so a broadcast that was lost is a delay of a second or two. Where the
// place is not in the stream any more, the connection is told to load anew
// (resync) and goes on at the head.
//
// A connection's queue is bounded. What a client takes too slowly closes its
// connection; it resumes and loses nothing. A connection that catches up is
// given more only as it takes it.
//
// The package does no I/O: an adapter owns the socket, is woken when there is
// something to write (Options.Wake) and takes it with Conn.Next. There is no
// goroutine and no timer for a connection here; one scan each second sees to
// pings, expiry and silence. A goroutine runs for a user only while a read does.
//
// Everything of a user, the queues included, is guarded by the lock of the
// user's shard. All types may be used concurrently.
package realtime
