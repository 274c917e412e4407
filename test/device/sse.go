package device

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// events is a connection by Server-Sent Events.
type events struct {
	body  io.ReadCloser
	lines *bufio.Reader
	quiet *time.Timer // closes what is silent for too long
}

func dialEvents(ctx context.Context, base, user, token string, from Place) (connection, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/api/sse/"+user, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", from.String())
	transport := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 10 * time.Second}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer func() { _ = answer.Body.Close() }()
		body, _ := io.ReadAll(answer.Body)
		return nil, refusal(answer.StatusCode, string(body))
	}
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		_ = answer.Body.Close()
		return nil, &Refused{Reason: fmt.Sprintf("content type %q", kind)}
	}
	return &events{body: answer.Body, lines: bufio.NewReaderSize(answer.Body, 4<<10),
		quiet: time.AfterFunc(silence, func() { _ = answer.Body.Close() })}, nil
}

// next reads up to the empty line that ends an event. Comments keep the connection alive.
func (e *events) next() (Message, error) {
	var id, data string
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return Message{}, err
		}
		e.quiet.Reset(silence)
		line = strings.TrimRight(line, "\r\n")
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "" && data != "":
			return message(id, data)
		case field == "data":
			data += value
		case field == "id":
			id = value
		case field == "event":
			return Message{}, &Refused{Reason: fmt.Sprintf("an event with the name %q: pages listen for unnamed ones", value)}
		}
	}
}

func message(id, data string) (m Message, err error) {
	if err := json.Unmarshal([]byte(data), &m); err != nil {
		return m, &Refused{Reason: fmt.Sprintf("%v in %.300q", err, data)}
	}
	if !m.IsEvent() {
		return m, nil
	}
	if place, err := parsePlace(id); err != nil || place.Position != m.Position {
		return m, &Refused{Reason: fmt.Sprintf("the event at position %d has the id %q", m.Position, id)}
	}
	return m, nil
}

func (e *events) close(bool) {
	e.quiet.Stop()
	_ = e.body.Close()
}
