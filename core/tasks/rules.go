package tasks

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurrence"
)

// The limits of a task's fields, in code points and elements.
const (
	MaxTitle       = 255
	MaxDescription = 1000
	MaxTags        = 10
	MaxTag         = 50
	MaxRule        = recurrence.MaxLength
	maxZone        = 64
)

// apply puts the fields of in that are present on t, normalized, and reports
// every field that breaks a rule. t is of no use when there are any. create
// demands the required fields.
func (s *Service) apply(t *domain.Task, in *Input, create bool) []domain.FieldError {
	var bad problems
	if bad.required("title", in.Title, create) {
		t.Title = strings.TrimSpace(in.Title.Value)
		if t.Title == "" {
			bad.add("title", "must not be empty")
		}
		bad.text("title", t.Title, MaxTitle)
	}
	if in.Description.Present() {
		t.Description = pointer(in.Description)
		bad.text("description", in.Description.Value, MaxDescription)
	}
	if bad.required("priority", in.Priority, create) {
		t.Priority = oneOf(&bad, "priority", in.Priority.Value, domain.PriorityLow, domain.PriorityMedium, domain.PriorityHigh)
	}
	if bad.required("category", in.Category, create) {
		t.Category = oneOf(&bad, "category", in.Category.Value,
			domain.CategoryWork, domain.CategoryPersonal, domain.CategoryHome, domain.CategoryOther)
	}
	bad.time("dueDate", in.DueDate, &t.DueDate)
	bad.time("recurringEndDate", in.RecurringEndDate, &t.RecurringEndDate)
	bad.time("reminderAt", in.ReminderAt, &t.ReminderAt)
	if in.RecurringRule.Present() {
		t.RecurringRule = bad.rule(in.RecurringRule)
	}
	if in.Tags.Present() {
		t.Tags = bad.tags(in.Tags.Value)
	}
	if in.TimeZone.Present() {
		t.TimeZone = s.zone(&bad, strings.TrimSpace(in.TimeZone.Value))
	}
	if len(bad) == 0 {
		s.occurs(&bad, t, in)
	}
	return bad
}

// problems collects what is wrong, at most once for a field.
type problems []domain.FieldError

func (p *problems) add(field, format string, args ...any) {
	if n := len(*p); n > 0 && (*p)[n-1].Field == field {
		return
	}
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	*p = append(*p, domain.FieldError{Field: field, Message: format})
}

// required says whether the field has a value to look at.
func (p *problems) required(field string, o Optional[string], create bool) bool {
	switch {
	case o.Given():
		return true
	case o.Present():
		p.add(field, "is required and can't be null")
	case create:
		p.add(field, "is required")
	}
	return false
}

func (p *problems) text(field, s string, limit int) {
	if reason := unstorable(s); reason != "" {
		p.add(field, reason)
	} else if len(s) > limit { // never more code points than bytes
		if n := utf8.RuneCountInString(s); n > limit {
			p.add(field, "has %d characters, at most %d are allowed", n, limit)
		}
	}
}

// unstorable says why a database would refuse s; "" when none would.
func unstorable(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		return "must not contain a NUL character"
	}
	if !utf8.ValidString(s) {
		return "must be valid Unicode text (it has a stray byte or half of a surrogate pair)"
	}
	return ""
}

func (p *problems) time(field string, o Optional[time.Time], to **time.Time) {
	if !o.Present() {
		return
	}
	*to = nil
	if o.Given() {
		at := micros(o.Value)
		if at.Year() < 1 || at.Year() > 9999 {
			p.add(field, "must be in the years 1 to 9999")
		}
		*to = &at
	}
}

func (p *problems) tags(list []string) []string {
	out := make([]string, 0, min(len(list), MaxTags))
	for _, tag := range list {
		if reason := unstorable(tag); reason != "" { // before ToLower mends it
			p.add("tags", "a tag "+reason)
		}
		tag = strings.ToLower(strings.TrimSpace(tag))
		if tag == "" || slices.Contains(out, tag) {
			continue
		}
		if n := utf8.RuneCountInString(tag); n > MaxTag {
			p.add("tags", "a tag has %d characters, at most %d are allowed", n, MaxTag)
		}
		out = append(out, tag)
		if len(out) > MaxTags {
			p.add("tags", "at most %d tags are allowed", MaxTags)
			break
		}
	}
	return out
}

func oneOf[T ~string](p *problems, field, value string, allowed ...T) T {
	for _, a := range allowed {
		if value == string(a) || strings.EqualFold(value, string(a)) {
			return a
		}
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	p.add(field, "must be one of "+strings.Join(words, ", "))
	return ""
}

func pointer[T any](o Optional[T]) *T {
	if !o.Given() {
		return nil
	}
	v := o.Value
	return &v
}

// micros is t as all times are kept: UTC, cut to microseconds.
func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
