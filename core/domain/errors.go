package domain

import (
	"errors"
	"fmt"
)

// Kind says what a failure means for whoever has to act on it. REST maps it to
// a status, delivery maps it to an outcome; nothing else interprets it.
type Kind int

// The kinds of error. The zero value is KindInternal: an error nobody
// classified is a defect of ours.
const (
	KindInternal           Kind = iota // a defect: HTTP 500, counted attempts
	KindInvalid                        // the input breaks a rule: HTTP 422
	KindMalformed                      // the input can't be read at all: HTTP 400, dead letter at once
	KindUnauthorized                   // no token or a bad one: HTTP 401
	KindForbidden                      // a good token of somebody else: HTTP 403
	KindNotFound                       // HTTP 404
	KindConflict                       // somebody else changed it first: HTTP 409
	KindPreconditionFailed             // If-Match does not hold: HTTP 412
	KindGone                           // it was there and never comes back: HTTP 410
	KindTooLarge                       // HTTP 413
	KindUnavailable                    // a dependency is down: HTTP 503, attempt given back
	KindPermanent                      // will never succeed: dead letter at once
)

// Error is a failure with its kind. Detail is a sentence that a person can act
// on and is shown to callers; Err is the cause and is only logged.
type Error struct {
	Kind       Kind
	Detail     string
	Fields     []FieldError // KindInvalid: every field that is wrong
	Dependency string       // KindUnavailable: which one
	Full       bool         // KindUnavailable: because its disk has no room
	Advice     string       // KindUnavailable: what who runs the service can do about it; for readiness and the log, not for users
	Err        error
}

// FieldError names one invalid field of an input and says what would be valid.
type FieldError struct{ Field, Message string }

func (e *Error) Error() string {
	msg := e.Detail
	if e.Advice != "" {
		msg += ": " + e.Advice
	}
	for _, f := range e.Fields {
		msg += fmt.Sprintf("; %s: %s", f.Field, f.Message)
	}
	if e.Err == nil {
		return msg
	}
	if msg == "" {
		return e.Err.Error()
	}
	return msg + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, ErrNotFound) and the like compare kinds only.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t == target && t.Detail == "" && t.Err == nil && t.Kind == e.Kind
}

// Bare kinds, to compare with errors.Is.
var (
	ErrNotFound           error = &Error{Kind: KindNotFound}
	ErrConflict           error = &Error{Kind: KindConflict}
	ErrPreconditionFailed error = &Error{Kind: KindPreconditionFailed}
	ErrUnavailable        error = &Error{Kind: KindUnavailable}
	ErrMalformed          error = &Error{Kind: KindMalformed}
	ErrPermanent          error = &Error{Kind: KindPermanent}
	ErrInvalid            error = &Error{Kind: KindInvalid}
	ErrTooLarge           error = &Error{Kind: KindTooLarge}
	ErrGone               error = &Error{Kind: KindGone}
)

// KindOf is the kind of the outermost classified error in err's chain;
// KindInternal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// Unavailable says that a dependency ("postgres", "kafka", "dapr", "state") can't
// be reached now and that the same call may succeed later.
func Unavailable(dependency string, err error) error {
	return &Error{Kind: KindUnavailable, Dependency: dependency, Detail: dependency + " is unavailable", Err: err}
}

// Misconfigured is Unavailable where the cause is known and somebody has to do something: advice is a sentence that says what.
func Misconfigured(dependency, advice string, err error) error {
	return &Error{Kind: KindUnavailable, Dependency: dependency, Detail: dependency + " is unavailable", Advice: advice, Err: err}
}

// DiskFull says that a dependency had no room for a change: it was not stored. What is
// there can be read, and the same call succeeds when there is room.
func DiskFull(dependency string, err error) error {
	return &Error{
		Kind: KindUnavailable, Dependency: dependency, Full: true, Err: err,
		Detail: "the disk of the " + dependency + " is full: the change was not stored, reading goes on; it can be repeated when the operator has made room",
	}
}

// Permanent says that repeating the call will never help.
func Permanent(err error) error {
	return &Error{Kind: KindPermanent, Detail: "permanent failure", Err: err}
}

// Malformed says that bytes from outside can't be read as what they should be.
func Malformed(format string, args ...any) error {
	return &Error{Kind: KindMalformed, Detail: fmt.Sprintf(format, args...)}
}

// NotFound says that there is no such thing, to this caller.
func NotFound(format string, args ...any) error {
	return &Error{Kind: KindNotFound, Detail: fmt.Sprintf(format, args...)}
}

// Conflict says that somebody else changed the thing first.
func Conflict(format string, args ...any) error {
	return &Error{Kind: KindConflict, Detail: fmt.Sprintf(format, args...)}
}

// Gone says that the thing was there and never comes back.
func Gone(format string, args ...any) error {
	return &Error{Kind: KindGone, Detail: fmt.Sprintf(format, args...)}
}

// Invalid collects everything that is wrong with an input; nil when fields is empty.
func Invalid(detail string, fields ...FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Detail: detail, Fields: fields}
}
