// Package live serves the live connection on Fiber: WebSocket at /ws/{user_id}
// and /ws, server-sent events at /api/sse/{user_id}. Which event goes to whom, and
// when a connection ends, is core/realtime's; here are sockets, credentials and
// framing.
//
// It guarantees: a connection belongs to the user of a verified token, whatever
// path, query or body say; a token is never taken from a URL and never logged; a
// cookie counts only from an allowed origin.
//
// A connection is taken off fasthttp once the handler has returned, with the
// buffers that fasthttp keeps for it: what stays is the socket, one goroutine that
// reads it, and the hub's Conn. The goroutine that writes exists only while there
// is something to write, is the only one that writes, and writes all that is
// queued at once. Nothing of Fiber's or fasthttp's memory is used after a handler
// has returned.
package live
