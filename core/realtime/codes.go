package realtime

import "errors"

// Code tells a client why its connection was closed. Its range tells the client
// what to do: 4000 to 4499 reconnect, 4500 to 4999 do not.
type Code int

// The close codes. Closed answers a client that closes.
const (
	Closed      Code = 1000
	Draining    Code = 4001 // the server is shutting down
	Silent      Code = 4002 // nothing was heard of the client, not even an answer to pings
	Unavailable Code = 4003 // something that the server needs is down
	Expired     Code = 4008 // the token has expired: fetch one first
	TooSlow     Code = 4009 // the client takes messages too slowly
	NoToken     Code = 4501 // the token is missing or invalid
	NotThisUser Code = 4503 // the token is of another user
	Erased      Code = 4504 // the user's data was erased
	TooMany     Code = 4510 // the user has too many connections
	Protocol    Code = 4511 // the client sent what it must not
)

// Codes lists them all.
func Codes() []Code {
	return []Code{Closed, Draining, Silent, Unavailable, Expired, TooSlow, NoToken, NotThisUser, Erased, TooMany, Protocol}
}

// What Join refuses.
var (
	ErrTooMany  = errors.New("the user has too many live connections")
	ErrDraining = errors.New("the server is shutting down")
)
