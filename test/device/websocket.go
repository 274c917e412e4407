package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fasthttp/websocket"
)

// connection is an open one. An error of next says whether to come back: see Refused.
type connection interface {
	next() (Message, error)
	close(abruptly bool)
}

// Refused is an end after which a client must not come back.
type Refused struct {
	Status int // of HTTP, or a close code
	Reason string
}

func (r *Refused) Error() string { return fmt.Sprintf("refused for good: %d %s", r.Status, r.Reason) }

// refusal is a Refused for an answer that no later try can better.
func refusal(status int, body string) error {
	if status < 400 || status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		return fmt.Errorf("not now: %d %s", status, body)
	}
	return &Refused{Status: status, Reason: body}
}

type socket struct{ conn *websocket.Conn }

func dialSocket(ctx context.Context, base, user, token string, from Place) (connection, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second, Subprotocols: []string{"tasktide.v1", "bearer." + token}}
	conn, answer, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(base, "http")+"/ws/"+user, nil)
	if err != nil {
		if answer != nil {
			body, _ := io.ReadAll(answer.Body)
			return nil, refusal(answer.StatusCode, string(body))
		}
		return nil, err
	}
	s := &socket{conn: conn}
	if got := conn.Subprotocol(); got != "tasktide.v1" {
		s.close(true)
		return nil, &Refused{Reason: fmt.Sprintf("subprotocol %q was chosen", got)}
	}
	if err := conn.WriteJSON(map[string]any{"type": "resume", "epoch": from.Epoch, "position": from.Position}); err != nil {
		s.close(true)
		return nil, err
	}
	return s, nil
}

// silence is longer than any heartbeat: what is silent for so long is dead.
const silence = 90 * time.Second

func (s *socket) next() (m Message, err error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(silence))
	kind, body, err := s.conn.ReadMessage()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed) && (closed.Code >= 4500 || closed.Code == websocket.CloseProtocolError):
		return m, &Refused{Status: closed.Code, Reason: closed.Text}
	case err != nil:
		return m, err
	case kind != websocket.TextMessage:
		return m, &Refused{Reason: "a message that is no text"}
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, &Refused{Reason: fmt.Sprintf("%v in %.300q", err, body)}
	}
	return m, nil
}

func (s *socket) close(abruptly bool) {
	if !abruptly {
		_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	}
	_ = s.conn.Close()
}
