package tasks

import (
	"strings"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/recurrence"
)

// rule reads a recurring rule and returns its normalised text; nil for none.
func (p *problems) rule(o Optional[string]) *string {
	s := strings.TrimSpace(o.Value)
	if s == "" {
		return nil
	}
	if len(s) > MaxRule {
		p.add("recurringRule", "has more than %d characters", MaxRule)
		return nil
	}
	r, err := recurrence.Parse(s)
	if err != nil {
		p.add("recurringRule", "must be daily, weekly, monthly, yearly or an RRULE like FREQ=WEEKLY;BYDAY=MO,FR: "+err.Error())
		return nil
	}
	s = r.String()
	return &s
}

// occurs refuses a rule that, from the due date on, has no date to occur on. It
// is asked when one of the three that decide this is in the input. Without a due
// date only a rule that no start could help is refused.
func (s *Service) occurs(p *problems, t *domain.Task, in *Input) {
	if t.RecurringRule == nil || !in.RecurringRule.Present() && !in.DueDate.Present() && !in.TimeZone.Present() {
		return
	}
	r, err := recurrence.Parse(*t.RecurringRule)
	if err != nil {
		return // an old one that is not in this input
	}
	if t.DueDate == nil {
		if r.Hopeless() {
			p.add("recurringRule", "never occurs: there is no date that has all that it asks for")
		}
		return
	}
	zone, err := s.location(t.TimeZone)
	if err == nil && r.Never(*t.DueDate, zone) {
		p.add("recurringRule", "never occurs: counted from the due date there is no date that has all that it asks for")
	}
}
