package rest

import (
	"bufio"
	"context"
	"errors"
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
		About: "Everything as it was at one moment, which `streamPosition` names. It is sent as it is read; " +
			"an answer that breaks off is not complete: its connection is closed before the end. Few are made at a time: 503 asks to come again.",
		Answers: []spec.Answer{{Status: fiber.StatusOK, About: "Everything.", Schema: exportSchema(), Headers: []spec.Header{file}}},
		Handle:  a.export,
	}, {
		Method: fiber.MethodDelete, Path: "/api/{user_id}", ID: "eraseUser", Tag: "Account", Summary: "Erase all of the user's data",
		About: "For good, in one transaction. What is still on its way from earlier changes has no effect any more, and live connections are closed. " +
			"The user's built-in account goes with it, and its sessions end. The token stays valid until its end: what is written with it later is kept.",
		Answers: []spec.Answer{{Status: fiber.StatusNoContent, About: "It is erased."}}, Handle: a.erase,
	}}
}

func exportSchema() *spec.Schema {
	return spec.Object(
		spec.Has("userId", userIDSchema()),
		spec.Has("exportedAt", spec.Time()),
		spec.Has("streamPosition", positionSchema().About("Where the stream was at that moment.")),
		spec.Has("preferences", preferencesSchema()),
		spec.Has("account", accountSchema().OrNull()),
		spec.Has("sessions", spec.List(sessionSchema()).About("Where the user is signed in, oldest first.")),
		spec.Has("tasks", spec.List(taskSchema()).About("Oldest first.")),
		spec.Has("events", spec.List(eventSchema()).About("What is kept of the stream, oldest first.")),
		spec.Has("audit", spec.List(auditEntrySchema()).About("Newest first.")),
		spec.Has("notifications", spec.List(notificationSchema()).About("Newest first.")),
		spec.Has("keptAnswers", spec.List(keptAnswerSchema()).About("What requests with an Idempotency-Key were answered, while it is kept; oldest first.")),
		spec.Has("deadLetters", spec.List(letterSchema(true)).About("Events of the user that a group gave up on, newest failure first.")),
	).Named("Export").About("All of a user's data.")
}

func keptAnswerSchema() *spec.Schema {
	return spec.Object(spec.Has("idempotencyKey", spec.Text()), spec.Has("answer", spec.Text().About("As it is kept, in JSON.")), spec.Has("createdAt", spec.Time())).Named("KeptAnswer")
}

// An export holds a connection to the database, and one moment of it, for as long as
// its reader takes: few at a time, and not for ever.
const (
	exportTime = 5 * time.Minute
	maxExports = 2
)

var errExports = errors.New("other exports are under way")

func (a *api) export(c *fiber.Ctx) error {
	ctx, user, err := a.caller(c)
	if err != nil {
		return err
	}
	if _, err := a.users.Preferences(ctx, user); err != nil { // a failure that is known in time is a problem
		return err
	}
	if a.exports.Add(1) > maxExports {
		a.exports.Add(-1)
		return &domain.Error{Kind: domain.KindUnavailable, Dependency: "export", Detail: "others are being exported at this moment", Err: errExports}
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
		defer a.exports.Add(-1)
		defer cancel()
		defer release()
		_ = w.CloseWithError(WriteExport(ctx, w, user, a.users)) // an error closes the connection before the end
	}()
	c.Context().SetBodyStream(r, -1) // closes r at its end, or when the client has gone
	return nil
}

// sections of an export that are lists, in the order in which they are read.
const (
	sessionsSection = iota
	tasksSection
	eventsSection
	auditSection
	notificationsSection
	answersSection
	lettersSection
	sections
)

func sectionNames() [sections]string {
	return [sections]string{"sessions", "tasks", "events", "audit", "notifications", "keptAnswers", "deadLetters"}
}

// WriteExport writes all data of user, as it was at one moment, as one JSON object.
// It is written as it is read, and not kept in memory. After an error what was written
// is no JSON.
func WriteExport(ctx context.Context, to io.Writer, user string, from *users.Service) error {
	w := &exportWriter{to: bufio.NewWriterSize(to, 32<<10), section: -1}
	err := from.Export(ctx, user, domain.UserData{
		Account: func(at domain.Position, p *domain.Preferences) error {
			b := jsonappend.String([]byte(`{"userId":`), user)
			b = jsonappend.Time(append(b, `,"exportedAt":`...), from.Now())
			b = jsonappend.String(append(b, `,"streamPosition":`...), at.String())
			_, err := w.to.Write(appendPreferences(append(b, `,"preferences":`...), p))
			return err
		},
		Credential: func(a *domain.Account) error {
			w.account = true
			_, err := w.to.Write(appendAccount([]byte(`,"account":`), a))
			return err
		},
		Session:      items(w, sessionsSection, appendSession),
		Task:         items(w, tasksSection, appendTask),
		Event:        items(w, eventsSection, appendEvent),
		AuditEntry:   items(w, auditSection, appendAuditEntry),
		Notification: items(w, notificationsSection, appendNotification),
		KeptAnswer:   items(w, answersSection, appendKeptAnswer),
		DeadLetter:   items(w, lettersSection, appendWholeLetter),
	})
	if err == nil {
		err = w.open(sections)
	}
	if err != nil {
		return err
	}
	if _, err := w.to.WriteString("}\n"); err != nil {
		return err
	}
	return w.to.Flush()
}

// exportWriter knows which list is open.
type exportWriter struct {
	to      *bufio.Writer
	buf     []byte
	section int
	some    bool // the list has an item
	account bool // was written; else it is null
}

// open closes the list that is open and begins section, with the empty ones between.
func (w *exportWriter) open(section int) error {
	if w.section < 0 && !w.account {
		_, _ = w.to.WriteString(`,"account":null`)
	}
	for w.section < section {
		if w.section >= 0 {
			_ = w.to.WriteByte(']')
		}
		if w.section++; w.section < sections {
			_, _ = w.to.WriteString(`,"` + sectionNames()[w.section] + `":[`)
		}
		w.some = false
	}
	_, err := w.to.Write(nil) // the error of any write before stays
	return err
}

// items writes each of the items of a section.
func items[T any](w *exportWriter, section int, write func([]byte, *T) []byte) func(*T) error {
	return func(v *T) error {
		if err := w.open(section); err != nil {
			return err
		}
		w.buf = w.buf[:0]
		if w.some {
			w.buf = append(w.buf, ',')
		}
		w.some = true
		w.buf = write(w.buf, v)
		_, err := w.to.Write(w.buf)
		return err
	}
}

// appendKeptAnswer writes the answer as text: it is in the form of whoever gave it.
func appendKeptAnswer(b []byte, a *domain.KeptAnswer) []byte {
	b = jsonappend.String(append(b, `{"idempotencyKey":`...), a.Key)
	b = jsonappend.String(append(b, `,"answer":`...), string(a.Response))
	b = jsonappend.Time(append(b, `,"createdAt":`...), a.CreatedAt)
	return append(b, '}')
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
