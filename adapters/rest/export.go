package rest

import (
	"bufio"
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest/spec"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
	"github.com/tasktide/tasktide/core/users"
)

func (a *api) accountRoutes() []spec.Route {
	file := spec.Header{Name: fiber.HeaderContentDisposition, About: "The name of a file to keep it in.", Schema: spec.Text()}
	return []spec.Route{{
		Method: fiber.MethodGet, Path: "/api/{user_id}/export", ID: "exportUser", Tag: "Account", Summary: "Read all of the user's data",
		About: "It is sent as it is read, in parts: what is changed meanwhile is in it as it was or as it is. " +
			"An answer that breaks off is not complete: its connection is closed before the end.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "Everything.", Schema: exportSchema(), Headers: []spec.Header{file}}},
		Handle:  a.export,
	}, {
		Method: fiber.MethodDelete, Path: "/api/{user_id}", ID: "eraseUser", Tag: "Account", Summary: "Erase all of the user's data",
		About: "For good, in one transaction. What is still on its way from earlier changes has no effect any more, and live connections are closed. " +
			"The token stays valid: what is written with it later is kept.",
		Answers: []spec.Answer{{Status: fiber.StatusNoContent, About: "It is erased."}}, Handle: a.erase,
	}}
}

func exportSchema() *spec.Schema {
	return spec.Object(
		spec.Has("userId", userIDSchema()),
		spec.Has("exportedAt", spec.Time()),
		spec.Has("preferences", preferencesSchema()),
		spec.Has("tasks", spec.List(taskSchema()).About("Oldest first.")),
		spec.Has("events", spec.List(eventSchema()).About("What is kept of the stream, oldest first.")),
		spec.Has("audit", spec.List(auditEntrySchema()).About("Newest first.")),
		spec.Has("notifications", spec.List(notificationSchema()).About("Newest first.")),
	).Named("Export").About("All of a user's data.")
}

// exportTime bounds an export, the time that its reader takes included.
const exportTime = 15 * time.Minute

func (a *api) export(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	if _, err := a.users.Preferences(ctx, user); err != nil { // a failure that is known in time is a problem
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Attachment("tasktide-export.json")
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON) // Attachment sets another
	r, w := io.Pipe()
	// The request's context ends with the handler, before the body is written.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exportTime)
	release := context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	go func() {
		defer cancel()
		defer release()
		_ = w.CloseWithError(WriteExport(ctx, w, user, a.users)) // an error closes the connection before the end
	}()
	c.Context().SetBodyStream(r, -1) // closes r at its end, or when the client has gone
	return nil
}

// WriteExport writes all data of user as one JSON object. It holds a page of it in
// memory at a time. After an error what was written is no JSON.
func WriteExport(ctx context.Context, to io.Writer, user string, from *users.Service) error {
	p, err := from.Preferences(ctx, user)
	if err != nil {
		return err
	}
	w := &exportWriter{to: bufio.NewWriterSize(to, 32<<10)}
	b := jsonappend.String([]byte(`{"userId":`), user)
	b = jsonappend.Time(append(b, `,"exportedAt":`...), from.Now())
	w.write(appendPreferences(append(b, `,"preferences":`...), &p))
	list(w, "tasks", appendTask, func(yield func(*domain.Task) error) error { return from.EachTask(ctx, user, yield) })
	list(w, "events", appendEvent, func(yield func(*domain.Event) error) error { return from.EachEvent(ctx, user, yield) })
	list(w, "audit", appendAuditEntry, func(yield func(*domain.AuditEntry) error) error { return from.EachAuditEntry(ctx, user, yield) })
	list(w, "notifications", appendNotification, func(yield func(*domain.Notification) error) error { return from.EachNotification(ctx, user, yield) })
	w.write([]byte("}\n"))
	if w.err != nil {
		return w.err
	}
	return w.to.Flush()
}

// exportWriter writes until something fails.
type exportWriter struct {
	to  *bufio.Writer
	buf []byte
	err error
}

func (w *exportWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

// list writes the field name, an array of what each yields.
func list[T any](w *exportWriter, name string, item func([]byte, *T) []byte, each func(func(*T) error) error) {
	if w.err != nil {
		return
	}
	w.write([]byte(`,"` + name + `":[`))
	first := true
	if err := each(func(v *T) error {
		w.buf = w.buf[:0]
		if !first {
			w.buf = append(w.buf, ',')
		}
		first = false
		w.buf = item(w.buf, v)
		w.write(w.buf)
		return w.err
	}); err != nil {
		w.err = err
	}
	w.write([]byte("]"))
}

func (a *api) erase(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	if _, err := a.users.Erase(ctx, user); err != nil {
		return err
	}
	c.Status(fiber.StatusNoContent)
	return nil
}
