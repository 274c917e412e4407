package rest

import (
	"strconv"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
)

// appendTask writes a task as clients get it: every field, null when empty.
func appendTask(b []byte, t *domain.Task) []byte {
	b = jsonappend.UUID(append(b, `{"id":`...), t.ID)
	b = jsonappend.String(append(b, `,"userId":`...), t.UserID)
	b = jsonappend.String(append(b, `,"title":`...), t.Title)
	b = jsonappend.StringOrNull(append(b, `,"description":`...), t.Description)
	b = jsonappend.String(append(b, `,"priority":`...), string(t.Priority))
	b = jsonappend.String(append(b, `,"category":`...), string(t.Category))
	b = jsonappend.String(append(b, `,"status":`...), t.Status())
	b = jsonappend.Bool(append(b, `,"completed":`...), t.Completed)
	b = jsonappend.TimeOrNull(append(b, `,"dueDate":`...), t.DueDate)
	b = jsonappend.StringOrNull(append(b, `,"recurringRule":`...), t.RecurringRule)
	b = jsonappend.TimeOrNull(append(b, `,"recurringEndDate":`...), t.RecurringEndDate)
	b = jsonappend.UUIDOrNull(append(b, `,"parentTaskId":`...), t.ParentTaskID)
	b = jsonappend.UUIDOrNull(append(b, `,"previousTaskId":`...), t.PreviousTaskID)
	b = jsonappend.TimeOrNull(append(b, `,"reminderAt":`...), t.ReminderAt)
	b = jsonappend.Bool(append(b, `,"reminderSent":`...), t.ReminderSent)
	b = jsonappend.Strings(append(b, `,"tags":`...), t.Tags)
	b = jsonappend.String(append(b, `,"timeZone":`...), t.TimeZone)
	b = jsonappend.Int(append(b, `,"version":`...), t.Version)
	b = jsonappend.Time(append(b, `,"createdAt":`...), t.CreatedAt)
	b = jsonappend.Time(append(b, `,"updatedAt":`...), t.UpdatedAt)
	return append(b, '}')
}

func appendAuditEntry(b []byte, e *domain.AuditEntry) []byte {
	b = jsonappend.UUID(append(b, `{"id":`...), e.ID)
	b = jsonappend.String(append(b, `,"eventType":`...), e.EventType)
	b = jsonappend.String(append(b, `,"entityType":`...), e.EntityType)
	b = jsonappend.String(append(b, `,"entityId":`...), e.EntityID)
	b = jsonappend.String(append(b, `,"userId":`...), e.UserID)
	b = jsonappend.Time(append(b, `,"timestamp":`...), e.Time)
	b = append(b, `,"data":`...)
	if len(e.Data) == 0 {
		b = append(b, "null"...)
	}
	return append(append(b, e.Data...), '}')
}

// buffers lends the memory that answers are written in.
type buffers struct{ pool sync.Pool }

const keepBuffer = 64 << 10

// send answers with the JSON that write appends.
func (p *buffers) send(c *fiber.Ctx, status int, write func([]byte) []byte) error {
	buf, ok := p.pool.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	*buf = write((*buf)[:0])
	h := &c.Response().Header
	h.SetContentType(fiber.MIMEApplicationJSON)
	h.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Status(status).Response().SetBody(*buf) // copies
	if cap(*buf) <= keepBuffer {
		p.pool.Put(buf)
	}
	return nil
}

func (p *buffers) sendTask(c *fiber.Ctx, status int, t *domain.Task) error {
	setETag(c, t)
	return p.send(c, status, func(b []byte) []byte { return appendTask(b, t) })
}

// sendList answers with an array.
func sendList[T any](p *buffers, c *fiber.Ctx, list []T, item func([]byte, *T) []byte) error {
	return p.send(c, fiber.StatusOK, func(b []byte) []byte { return appendList(b, list, item) })
}

func appendList[T any](b []byte, list []T, item func([]byte, *T) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, &list[i])
	}
	return append(b, ']')
}

// setETag names the version of a task (strong: equal versions are equal bytes).
func setETag(c *fiber.Ctx, t *domain.Task) {
	var buf [24]byte
	c.Response().Header.SetBytesV(fiber.HeaderETag, appendETag(buf[:0], t))
}

func etagOf(t *domain.Task) string { return string(appendETag(nil, t)) }

func appendETag(b []byte, t *domain.Task) []byte {
	return append(strconv.AppendInt(append(b, '"'), t.Version, 10), '"')
}
