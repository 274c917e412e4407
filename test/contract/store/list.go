package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
)

var (
	base    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	moments = []time.Duration{0, time.Microsecond, time.Second, time.Hour, 48 * time.Hour}
	words   = []string{
		"plain", "PLAIN", "100%", "100x", "a_b", "axb", `back\slash`, "Straße", "STRASSE", "ΟΔΟΣ", "οδος", "Kelvin", "\u212Aelvin",
		"İstanbul", "istanbul", "日本語", "🌊 wave", "it's", "ÀÉ", "àé", "e\u0301", "ſharp", "sharp", "tab\there", "",
	}
	needles = append([]string{"%", "_", `\`, "'", "ß", "ss", "Σ", "ς", "σ", "k", "K", "I", "İ", "i\u0307", "À", "本", "S", "\x1f", "e", " "}, words...)
	tagPool = []string{"a", "b", `"q"`, "日本", "a'b", `\`}
)

func drawTask(r *rapid.T, user string) domain.Task {
	t := newTask(user)
	pick := rapid.SampledFrom(words)
	t.Title = strings.TrimSpace(pick.Draw(r, "title") + " " + pick.Draw(r, "more"))
	if rapid.Bool().Draw(r, "described") {
		t.Description = ref(pick.Draw(r, "description"))
	}
	at := rapid.SampledFrom(moments)
	t.CreatedAt = base.Add(at.Draw(r, "created"))
	if rapid.IntRange(0, 2).Draw(r, "has due") > 0 {
		t.DueDate = ref(base.Add(at.Draw(r, "due")))
	}
	t.Priority = rapid.SampledFrom([]domain.Priority{domain.PriorityLow, domain.PriorityMedium, domain.PriorityHigh}).Draw(r, "priority")
	t.Category = rapid.SampledFrom([]domain.Category{domain.CategoryWork, domain.CategoryHome}).Draw(r, "category")
	t.Completed = rapid.Bool().Draw(r, "completed")
	t.Tags = append([]string{}, rapid.SliceOfNDistinct(rapid.SampledFrom(tagPool), 0, 3, rapid.ID[string]).Draw(r, "tags")...)
	return t
}

func drawQuery(r *rapid.T) domain.TaskQuery {
	maybe := func(name string) bool { return rapid.IntRange(0, 3).Draw(r, name) == 0 }
	var q domain.TaskQuery
	if maybe("by status") {
		q.Status = ref(rapid.SampledFrom([]string{"pending", "completed", "other"}).Draw(r, "status"))
	}
	if maybe("by priority") {
		q.Priority = ref(rapid.SampledFrom([]domain.Priority{domain.PriorityLow, domain.PriorityHigh, "odd"}).Draw(r, "priority"))
	}
	if maybe("by category") {
		q.Category = ref(domain.CategoryWork)
	}
	if rapid.Bool().Draw(r, "by search") {
		q.Search = rapid.SampledFrom(needles).Draw(r, "search")
	}
	if maybe("by tags") {
		q.Tags = rapid.SliceOfNDistinct(rapid.SampledFrom(tagPool), 1, 2, rapid.ID[string]).Draw(r, "tags")
	}
	bound := func(name string) *time.Time {
		return ref(base.Add(rapid.SampledFrom(moments).Draw(r, name) + rapid.SampledFrom([]time.Duration{-1, 0, 1, 999}).Draw(r, name+" ns")))
	}
	if maybe("due before") {
		q.DueBefore = bound("before")
	}
	if maybe("due after") {
		q.DueAfter = bound("after")
	}
	q.SortBy = rapid.SampledFrom([]domain.SortField{"", domain.SortCreatedAt, domain.SortDueDate, domain.SortPriority, domain.SortTitle}).Draw(r, "sort")
	q.Ascending = rapid.Bool().Draw(r, "ascending")
	return q
}

// RunTaskList checks lists against an oracle: the same query by brute force in
// Go, whole and in pages.
func RunTaskList(t *testing.T, open func(t *testing.T) Tasks) {
	t.Run("every query finds what brute force finds, in pages of any size", func(t *testing.T) {
		t.Parallel()
		s := open(t).forTest()
		rapid.Check(t, func(r *rapid.T) {
			user := newID().String()
			var all []domain.Task
			for range rapid.IntRange(0, 12).Draw(r, "tasks") {
				task := drawTask(r, user)
				if _, err := s.Tasks.Create(t.Context(), task, event(task, domain.TaskCreatedV1)); err != nil {
					r.Fatal(err)
				}
				all = append(all, task)
			}
			for range 4 {
				q := drawQuery(r)
				expect := oracle(all, q)
				list, err := s.Tasks.List(t.Context(), user, q)
				if err != nil {
					r.Fatal(err)
				}
				same(r, list.Tasks, expect)
				if list.Position.Value != int64(len(all)) || list.More {
					r.Fatalf("position %d of %d, more %v", list.Position.Value, len(all), list.More)
				}
				same(r, pages(t, r, s, user, q), expect)
			}
		})
	})
	t.Run("the newest come first unless told otherwise", func(t *testing.T) {
		t.Parallel()
		s := open(t).forTest()
		old, young := newTask(s.u("u")), newTask(s.u("u"))
		young.CreatedAt = old.CreatedAt.Add(time.Second)
		create(t, s.Tasks, old)
		create(t, s.Tasks, young)
		list, err := s.Tasks.List(t.Context(), s.u("u"), domain.TaskQuery{})
		ok(t, err)
		want(t, "first", list.Tasks[0].ID, young.ID)
	})
}

func same(r *rapid.T, got, expect []domain.Task) {
	r.Helper()
	if a, b := asJSON(got), asJSON(expect); a != b {
		r.Fatalf("got %s\nwant %s", a, b)
	}
}

func pages(t *testing.T, r *rapid.T, s Tasks, user string, q domain.TaskQuery) []domain.Task {
	q.Limit = rapid.IntRange(1, 5).Draw(r, "page")
	out := []domain.Task{}
	for {
		list, err := s.Tasks.List(t.Context(), user, q)
		if err != nil {
			r.Fatal(err)
		}
		if len(list.Tasks) > q.Limit || list.More && len(list.Tasks) < q.Limit {
			r.Fatalf("a page of %d with %d tasks, more: %v", q.Limit, len(list.Tasks), list.More)
		}
		out = append(out, list.Tasks...)
		if !list.More {
			return out
		}
		last := list.Tasks[len(list.Tasks)-1]
		q.After = &domain.TaskMark{ID: last.ID, CreatedAt: last.CreatedAt, DueDate: last.DueDate, Priority: last.Priority, Title: last.Title}
	}
}

func oracle(all []domain.Task, q domain.TaskQuery) []domain.Task {
	out := []domain.Task{}
	for _, t := range all {
		if fits(t, q) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b domain.Task) int {
		if q.SortBy == domain.SortDueDate && (a.DueDate == nil) != (b.DueDate == nil) {
			if a.DueDate == nil {
				return 1
			}
			return -1
		}
		c := compare(a, b, q.SortBy)
		if c == 0 {
			c = slices.Compare(a.ID[:], b.ID[:])
		}
		if q.Ascending {
			return c
		}
		return -c
	})
	return out
}

func compare(a, b domain.Task, by domain.SortField) int {
	switch by {
	case domain.SortDueDate:
		if a.DueDate == nil {
			return 0
		}
		return a.DueDate.Compare(*b.DueDate)
	case domain.SortPriority:
		return a.Priority.Rank() - b.Priority.Rank()
	case domain.SortTitle:
		return strings.Compare(a.Title, b.Title)
	}
	return a.CreatedAt.Compare(b.CreatedAt)
}

func fits(t domain.Task, q domain.TaskQuery) bool {
	status := "pending"
	if t.Completed {
		status = "completed"
	}
	if q.Status != nil && *q.Status != status || q.Priority != nil && *q.Priority != t.Priority || q.Category != nil && *q.Category != t.Category {
		return false
	}
	if q.DueBefore != nil && (t.DueDate == nil || !t.DueDate.Before(*q.DueBefore)) || q.DueAfter != nil && (t.DueDate == nil || !t.DueDate.After(*q.DueAfter)) {
		return false
	}
	for _, tag := range q.Tags {
		if !slices.Contains(t.Tags, tag) {
			return false
		}
	}
	return occurs(t.Title, q.Search) || t.Description != nil && occurs(*t.Description, q.Search)
}

// occurs says whether some part of s equals needle but for case.
func occurs(s, needle string) bool {
	text, part := []rune(s), []rune(needle)
	for i := 0; i+len(part) <= len(text); i++ {
		if strings.EqualFold(string(text[i:i+len(part)]), needle) {
			return true
		}
	}
	return false
}
