package realtime

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// MaxRequest is the largest message of a client in bytes: a token has up to 8 KiB.
const MaxRequest = 10 << 10

// Request is a message of a client: exactly one of the fields is set.
type Request struct {
	Ping   bool
	Token  string           // "auth"
	Resume *domain.Position // "resume"; an epoch that is no UUID is the zero one, which no stream has
}

var errPosition = domain.Malformed("resume needs a position: a whole number from 0 on, without quotes, as X-Stream-Position has it behind the colon")

// ParseRequest reads a message of a client. A bare ping counts as one. The error
// is domain.ErrMalformed and repeats nothing of a token.
func ParseRequest(body []byte) (Request, error) {
	if len(body) > MaxRequest {
		return Request{}, domain.Malformed("a message may have %d bytes", MaxRequest)
	}
	if string(bytes.TrimSpace(body)) == "ping" {
		return Request{Ping: true}, nil
	}
	var in struct {
		Type     string `json:"type"`
		Token    string `json:"token"`
		Epoch    string `json:"epoch"`
		Position *int64 `json:"position"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Request{}, unreadable(err)
	}
	switch in.Type {
	case "ping":
		return Request{Ping: true}, nil
	case "auth":
		if in.Token == "" {
			return Request{}, domain.Malformed("auth needs a token")
		}
		return Request{Token: in.Token}, nil
	case "resume":
		if in.Position == nil || *in.Position < 0 {
			return Request{}, errPosition
		}
		epoch, err := uuid.Parse(in.Epoch)
		if err != nil {
			epoch = uuid.Nil
		}
		return Request{Resume: &domain.Position{Epoch: epoch, Value: *in.Position}}, nil
	}
	return Request{}, domain.Malformed("the type of a message is auth, resume or ping, not %+.11q", in.Type)
}

// unreadable says which field has the wrong type, in at most the 123 bytes that a
// close has room for.
func unreadable(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		switch wrong.Field {
		case "position":
			return errPosition
		case "type", "token", "epoch":
			return domain.Malformed("the %s of a message must be a text in quotes", wrong.Field)
		}
	}
	return domain.Malformed("a message must be a JSON object with a type, or the text ping")
}
