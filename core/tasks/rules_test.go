package tasks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "t" + strings.Repeat("x", i)
	}
	return out
}

func TestRulesOfEachField(t *testing.T) {
	t.Parallel()
	text := tasks.Some[string]
	long := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		set func(*tasks.Input)
		bad string // the fields that are wrong
	}{
		"minimal":                     {func(*tasks.Input) {}, ""},
		"no title":                    {func(in *tasks.Input) { in.Title = tasks.Optional[string]{} }, "title"},
		"title null":                  {func(in *tasks.Input) { in.Title = tasks.Null[string]() }, "title"},
		"title of spaces":             {func(in *tasks.Input) { in.Title = text(" \t\u00a0\n") }, "title"},
		"title of 255 code points":    {func(in *tasks.Input) { in.Title = text(" " + strings.Repeat("😀", 255) + " ") }, ""},
		"title of 256 code points":    {func(in *tasks.Input) { in.Title = text(strings.Repeat("😀", 256)) }, "title"},
		"title with NUL":              {func(in *tasks.Input) { in.Title = text("a\x00b") }, "title"},
		"title with half a surrogate": {func(in *tasks.Input) { in.Title = text("a\xed\xa0\x80b") }, "title"},
		"title with other controls":   {func(in *tasks.Input) { in.Title = text("a\x1b\u0085\u200bb") }, ""},
		"description of 1,000":        {func(in *tasks.Input) { in.Description = text(strings.Repeat("ä", 1000)) }, ""},
		"description of 1,001":        {func(in *tasks.Input) { in.Description = text(strings.Repeat("ä", 1001)) }, "description"},
		"description with NUL":        {func(in *tasks.Input) { in.Description = text("\x00") }, "description"},
		"priority in capitals":        {func(in *tasks.Input) { in.Priority = text("HiGh") }, ""},
		"priority unknown":            {func(in *tasks.Input) { in.Priority = text("urgent") }, "priority"},
		"priority empty":              {func(in *tasks.Input) { in.Priority = text("") }, "priority"},
		"category unknown":            {func(in *tasks.Input) { in.Category = text("a\x00") }, "category"},
		"two wrong":                   {func(in *tasks.Input) { in.Priority, in.Category = tasks.Null[string](), tasks.Optional[string]{} }, "priority category"},
		"due in year 0":               {func(in *tasks.Input) { in.DueDate = tasks.Some(time.Date(1, 1, 1, 0, 0, 0, 0, time.FixedZone("", 60))) }, "dueDate"},
		"due in year 1":               {func(in *tasks.Input) { in.DueDate = tasks.Some(time.Time{}) }, ""},
		"reminder in year 10000":      {func(in *tasks.Input) { in.ReminderAt = tasks.Some(long) }, "reminderAt"},
		"end in year 10000 by its zone": {func(in *tasks.Input) {
			in.RecurringEndDate = tasks.Some(long.Add(-time.Second).In(time.FixedZone("", 3600)))
		}, ""},
		"tags: 10 after dropping":   {func(in *tasks.Input) { in.Tags = tasks.Some(append(many(10), " ", "T")) }, ""},
		"tags: 11":                  {func(in *tasks.Input) { in.Tags = tasks.Some(many(11)) }, "tags"},
		"tags: thousands":           {func(in *tasks.Input) { in.Tags = tasks.Some(many(3000)) }, "tags"},
		"tag of 50":                 {func(in *tasks.Input) { in.Tags = tasks.Some([]string{strings.Repeat("Ä", 50) + " "}) }, ""},
		"tag of 51":                 {func(in *tasks.Input) { in.Tags = tasks.Some([]string{strings.Repeat("Ä", 51)}) }, "tags"},
		"tag with NUL":              {func(in *tasks.Input) { in.Tags = tasks.Some([]string{"a\x00"}) }, "tags"},
		"tag with half a surrogate": {func(in *tasks.Input) { in.Tags = tasks.Some([]string{"\xed\xa0\x80"}) }, "tags"},
		"zone":                      {func(in *tasks.Input) { in.TimeZone = text("America/Argentina/Buenos_Aires") }, ""},
		"zone with a sign":          {func(in *tasks.Input) { in.TimeZone = text("Etc/GMT+5") }, ""},
		"zone unknown":              {func(in *tasks.Input) { in.TimeZone = text("Europe/Atlantis") }, "timeZone"},
		"zone Local":                {func(in *tasks.Input) { in.TimeZone = text("Local") }, "timeZone"},
		"zone that is a path":       {func(in *tasks.Input) { in.TimeZone = text("../../etc/passwd") }, "timeZone"},
		"zone that is a folder":     {func(in *tasks.Input) { in.TimeZone = text("Europe") }, "timeZone"},
		"zone with NUL":             {func(in *tasks.Input) { in.TimeZone = text("UTC\x00") }, "timeZone"},
		"rule word":                 {func(in *tasks.Input) { in.RecurringRule = text(" Monthly ") }, ""},
		"rule unknown word":         {func(in *tasks.Input) { in.RecurringRule = text("fortnightly") }, "recurringRule"},
		"rule": {func(in *tasks.Input) {
			in.RecurringRule = text("FREQ=MONTHLY;BYDAY=-1FR,+2MO;UNTIL=20261231T000000Z;WKST=MO")
		}, ""},
		"rule in small letters":         {func(in *tasks.Input) { in.RecurringRule = text("rrule:freq=daily;interval=2") }, ""},
		"rule without FREQ":             {func(in *tasks.Input) { in.RecurringRule = text("BYDAY=MO") }, "recurringRule"},
		"rule with FREQ twice":          {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;FREQ=DAILY") }, "recurringRule"},
		"rule with unknown part":        {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;X=1") }, "recurringRule"},
		"rule with unknown FREQ":        {func(in *tasks.Input) { in.RecurringRule = text("FREQ=NEVER") }, "recurringRule"},
		"rule with an empty part":       {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;") }, "recurringRule"},
		"rule with a strange character": {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;COUNT=1\x00") }, "recurringRule"},
		"rule with a line end":          {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY\nEXDATE:2026") }, "recurringRule"},
		"rule that never occurs":        {func(in *tasks.Input) { in.RecurringRule = text("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") }, "recurringRule"},
		"rule that never meets the due date": {func(in *tasks.Input) {
			in.RecurringRule = text("FREQ=DAILY;INTERVAL=7;BYDAY=MO")
			in.DueDate = tasks.Some(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
		}, "recurringRule"},
		"rule that meets the due date in its zone": {func(in *tasks.Input) {
			in.RecurringRule, in.TimeZone = text("FREQ=DAILY;INTERVAL=7;BYDAY=MO"), text("America/New_York")
			in.DueDate = tasks.Some(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
		}, ""},
		"rule that some due date would suit": {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;INTERVAL=7;BYDAY=MO") }, ""},
		"rule that has ended":                {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;UNTIL=20010101") }, ""},
		"rule for every minute":              {func(in *tasks.Input) { in.RecurringRule = text("FREQ=MINUTELY") }, "recurringRule"},
		"rule of more than 500":              {func(in *tasks.Input) { in.RecurringRule = text("FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 250)) }, "recurringRule"},
		"rule of more than 500, unusual":     {func(in *tasks.Input) { in.RecurringRule = text(strings.Repeat("\x00", 600)) }, "recurringRule"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := minimal()
			c.set(&in)
			_, err := w.Create(t.Context(), "u1", in)
			if fields := fieldsOf(err); fields != c.bad || (c.bad != "") != (domain.KindOf(err) == domain.KindInvalid) || c.bad == "" && err != nil {
				t.Errorf("%v names %q, want %q", err, fields, c.bad)
			}
		})
	}
}

func TestARuleThatNeverOccursIsToldWhereverItComesFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := minimal()
	in.RecurringRule, in.DueDate = tasks.Some("FREQ=DAILY;INTERVAL=7;BYDAY=TU"), tasks.Some(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	task := w.create(in)
	for name, change := range map[string]tasks.Input{
		"due date": {DueDate: tasks.Some(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC))},
		"zone":     {TimeZone: tasks.Some("Pacific/Kiritimati"), DueDate: tasks.Some(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))},
		"rule":     {RecurringRule: tasks.Some("FREQ=DAILY;INTERVAL=14;BYDAY=WE")},
	} {
		_, err := w.Update(t.Context(), "u1", task.ID, change, nil)
		if fieldsOf(err) != "recurringRule" || !strings.Contains(err.Error(), "never occurs") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Update(t.Context(), "u1", task.ID, tasks.Input{Title: tasks.Some("t")}, nil); err != nil {
		t.Errorf("a change of something else: %v", err)
	}
}

func fieldsOf(err error) string {
	var e *domain.Error
	var names []string
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			names = append(names, f.Field)
		}
	}
	return strings.Join(names, " ")
}

func TestARequiredFieldCantBeCleared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task := w.create(minimal())
	_, err := w.Update(t.Context(), "u1", task.ID, tasks.Input{
		Title: tasks.Null[string](), Priority: tasks.Null[string](), Category: tasks.Null[string](),
		Tags: tasks.Null[[]string](), TimeZone: tasks.Null[string](), DueDate: tasks.Null[time.Time](),
	}, nil)
	if got := fieldsOf(err); got != "title priority category" {
		t.Errorf("%v", err)
	}
}

func TestStoringAgainWhatWasStoredChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		in := minimal()
		in.Title = tasks.Some(rapid.StringMatching(`.{1,80}`).Draw(rt, "title"))
		in.Tags = tasks.Some(rapid.SliceOfN(rapid.String(), 0, 10).Draw(rt, "tags"))
		in.Description = tasks.Some(rapid.String().Draw(rt, "description"))
		in.DueDate = tasks.Some(time.Unix(0, rapid.Int64().Draw(rt, "due")))
		task, err := w.Create(t.Context(), "u1", in)
		if err != nil {
			if domain.KindOf(err) != domain.KindInvalid {
				rt.Fatal(err)
			}
			return
		}
		in.Title, in.Tags, in.DueDate = tasks.Some(task.Title), tasks.Some(slices.Clone(task.Tags)), tasks.Some(*task.DueDate)
		again, err := w.Update(t.Context(), "u1", task.ID, in, nil)
		if err != nil || again.Version != 1 {
			rt.Fatalf("%+v became %+v, %v", task, again, err)
		}
	})
}

func TestAListRefusesWhatNoDatabaseCanCompare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad, priority, category := "a\x00", domain.Priority("\xff"), domain.Category("\x00")
	_, err := w.List(t.Context(), "u1", domain.TaskQuery{
		Status: &bad, Priority: &priority, Category: &category, Search: "\x00", Tags: []string{"\xed\xa0\x80"}, SortBy: "color", Limit: 501,
	})
	if got := fieldsOf(err); got != "status priority category search tags sort_by limit" {
		t.Errorf("%v", err)
	}
}

func BenchmarkCreate(b *testing.B) {
	s := tasks.New(discard{}, &manual{at: start}, tasks.NewIDs())
	in := minimal()
	in.Tags, in.TimeZone = tasks.Some([]string{"shop"}), tasks.Some("Europe/Berlin")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Create(b.Context(), "u1", in); err != nil {
			b.Fatal(err)
		}
	}
}
