package asyncapi

import (
	"fmt"
	"strings"

	"github.com/tasktide/tasktide/core/realtime"
)

// CloseCode is why a live connection was closed.
type CloseCode struct {
	Code  realtime.Code
	About string
}

// Reconnect says whether a client should.
func (c CloseCode) Reconnect() bool { return c.Code < 4500 }

// CloseCodes are all of them.
func CloseCodes() []CloseCode {
	return []CloseCode{
		{realtime.Draining, "the server is shutting down"},
		{realtime.Silent, "nothing was heard of the client, not even an answer to pings"},
		{realtime.Unavailable, "something that the server needs is down"},
		{realtime.Expired, "the token has expired: fetch one first"},
		{realtime.TooSlow, "the client takes messages too slowly"},
		{realtime.NoToken, "the token is missing or invalid"},
		{realtime.NotThisUser, "the token is of another user"},
		{realtime.Erased, "the user's data was erased"},
		{realtime.TooMany, "the user has too many connections"},
		{realtime.Protocol, "the client sent what it must not"},
	}
}

func aboutCodes() string {
	var reconnect, stay []string
	for _, c := range CloseCodes() {
		line := fmt.Sprintf("%d %s", c.Code, c.About)
		if c.Reconnect() {
			reconnect = append(reconnect, line)
		} else {
			stay = append(stay, line)
		}
	}
	return "\n\nA close code tells the client what to do. 4000 to 4499, reconnect and resume: " + strings.Join(reconnect, "; ") +
		". 4500 to 4999, do not: " + strings.Join(stay, "; ") + "."
}
