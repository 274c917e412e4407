package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

// body is the request's body, as it came: Fiber would unpack a compressed one to
// any size.
func body(c *fiber.Ctx) ([]byte, error) {
	if enc := c.Request().Header.Peek(fiber.HeaderContentEncoding); len(enc) > 0 && !strings.EqualFold(string(enc), "identity") {
		return nil, fiber.NewError(fiber.StatusUnsupportedMediaType, "send the body without Content-Encoding")
	}
	b := c.Request().Body()
	if len(b) > MaxBody {
		return nil, &domain.Error{Kind: domain.KindTooLarge, Detail: fmt.Sprintf("the body is larger than %d bytes", MaxBody)}
	}
	return b, nil
}

// decodeTask reads the JSON object of a POST or PUT. Fields that only we set, and
// unknown ones, are passed over; strict refuses the unknown ones. The error is for
// a body that can't be read at all; bad lists fields of a wrong type. The input
// keeps no part of b.
func decodeTask(b []byte, strict bool) (in tasks.Input, bad []domain.FieldError, err error) {
	if err := checkJSON(b); err != nil {
		return in, nil, err
	}
	d := decoder{b: b}
	if d.space(); d.b[d.i] != '{' {
		return in, []domain.FieldError{{Field: "body", Message: "must be a JSON object, not " + kindOf(d.b[d.i])}}, nil
	}
	var seen [len(taskFields)]bool
	d.i++
	for d.space(); d.b[d.i] != '}'; d.space() {
		if d.b[d.i] == ',' {
			d.i++
			d.space()
		}
		name := d.value()
		d.space()
		d.i++ // the colon
		d.space()
		raw := d.value()
		n := fieldNumber(name)
		if n < 0 {
			if strict && !readOnly(unquote(name)) {
				d.wrong(clip(unquote(name)), "is unknown")
			}
			continue
		}
		if seen[n] {
			return in, nil, domain.Malformed("the field %q is there twice", taskFields[n])
		}
		seen[n] = true
		d.field(&in, taskFields[n], raw)
	}
	return in, d.bad, nil
}

// taskFields are the fields that a user may set.
var taskFields = [...]string{
	"title", "description", "priority", "category", "dueDate", "recurringRule", "recurringEndDate", "reminderAt", "tags", "timeZone",
}

// fieldNumber is the place in taskFields of a name as it is in the JSON, or -1.
func fieldNumber(raw []byte) int {
	if bytes.IndexByte(raw, '\\') >= 0 {
		raw = []byte(`"` + unquote(raw) + `"`)
	}
	for i, f := range taskFields {
		if f == string(raw[1:len(raw)-1]) {
			return i
		}
	}
	return -1
}

func readOnly(name string) bool {
	switch name {
	case "id", "userId", "status", "completed", "parentTaskId", "previousTaskId", "reminderSent", "createdAt", "updatedAt", "version":
		return true
	}
	return false
}

// checkJSON says in words why b is not one JSON value in UTF-8.
func checkJSON(b []byte) error {
	switch {
	case len(bytes.TrimSpace(b)) == 0:
		return domain.Malformed("the body is empty; send a JSON object")
	case !utf8.Valid(b):
		return domain.Malformed("the body is not UTF-8")
	case json.Valid(b):
		return nil
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(b, new(json.RawMessage)); errors.As(err, &syntax) {
		return domain.Malformed("the body is not JSON: %s at byte %d", syntax.Error(), syntax.Offset)
	}
	return domain.Malformed("the body is not JSON")
}

// decoder walks over JSON that is known to be valid.
type decoder struct {
	b   []byte
	i   int
	bad []domain.FieldError
}

func (d *decoder) wrong(field, message string) {
	d.bad = append(d.bad, domain.FieldError{Field: field, Message: message})
}

func (d *decoder) space() {
	for d.i < len(d.b) && (d.b[d.i] == ' ' || d.b[d.i] == '\n' || d.b[d.i] == '\t' || d.b[d.i] == '\r') {
		d.i++
	}
}

// value returns the bytes of the value that begins here, and goes behind it.
func (d *decoder) value() []byte {
	start := d.i
	depth := 0
	for d.i < len(d.b) {
		switch c := d.b[d.i]; c {
		case '"':
			d.skipString()
		case '{', '[':
			depth++
			d.i++
		case '}', ']':
			depth--
			d.i++
		default:
			d.i++
			if depth == 0 {
				d.skipScalar()
			}
		}
		if depth == 0 {
			break
		}
	}
	return d.b[start:d.i]
}

func (d *decoder) skipString() {
	for d.i++; d.b[d.i] != '"'; d.i++ {
		if d.b[d.i] == '\\' {
			d.i++
		}
	}
	d.i++
}

func (d *decoder) skipScalar() {
	for d.i < len(d.b) && strings.IndexByte(",]} \n\t\r", d.b[d.i]) < 0 {
		d.i++
	}
}

func (d *decoder) field(in *tasks.Input, name string, raw []byte) {
	switch name {
	case "title":
		in.Title = d.text(name, raw)
	case "description":
		in.Description = d.text(name, raw)
	case "priority":
		in.Priority = d.text(name, raw)
	case "category":
		in.Category = d.text(name, raw)
	case "recurringRule":
		in.RecurringRule = d.text(name, raw)
	case "timeZone":
		in.TimeZone = d.text(name, raw)
	case "dueDate":
		in.DueDate = d.time(name, raw)
	case "recurringEndDate":
		in.RecurringEndDate = d.time(name, raw)
	case "reminderAt":
		in.ReminderAt = d.time(name, raw)
	case "tags":
		in.Tags = d.texts(name, raw)
	}
}

func (d *decoder) text(name string, raw []byte) tasks.Optional[string] {
	switch raw[0] {
	case '"':
		return tasks.Some(word(raw))
	case 'n':
		return tasks.Null[string]()
	}
	d.wrong(name, "must be text, not "+kindOf(raw[0]))
	return tasks.Optional[string]{}
}

// word is unquote without memory for the words that nearly every task has.
func word(raw []byte) string {
	switch string(raw[1 : len(raw)-1]) {
	case "low":
		return "low"
	case "medium":
		return "medium"
	case "high":
		return "high"
	case "work":
		return "work"
	case "personal":
		return "personal"
	case "home":
		return "home"
	case "other":
		return "other"
	case "UTC":
		return "UTC"
	}
	return unquote(raw)
}

func (d *decoder) time(name string, raw []byte) tasks.Optional[time.Time] {
	if raw[0] == 'n' {
		return tasks.Null[time.Time]()
	}
	if raw[0] == '"' {
		raw = bytes.TrimSpace(raw[1 : len(raw)-1]) // a time needs no escapes
		if len(raw) == 0 {
			return tasks.Null[time.Time]()
		}
		if t, ok := parseTime(string(raw)); ok {
			return tasks.Some(t)
		}
	}
	d.wrong(name, timeHint)
	return tasks.Optional[time.Time]{}
}

func (d *decoder) texts(name string, raw []byte) tasks.Optional[[]string] {
	if raw[0] == 'n' {
		return tasks.Null[[]string]()
	}
	if raw[0] != '[' {
		d.wrong(name, "must be a list of texts, not "+kindOf(raw[0]))
		return tasks.Optional[[]string]{}
	}
	var out []string
	e := decoder{b: raw, i: 1}
	for e.space(); e.b[e.i] != ']'; e.space() {
		if e.b[e.i] == ',' {
			e.i++
			e.space()
		}
		element := e.value()
		if element[0] != '"' {
			d.wrong(name, "must be a list of texts; one element is "+kindOf(element[0]))
			return tasks.Optional[[]string]{}
		}
		out = append(out, unquote(element))
	}
	return tasks.Some(out)
}

// kindOf names a JSON value by its first byte.
func kindOf(c byte) string {
	switch c {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

func clip(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	return strings.ToValidUTF8(s, "")
}
