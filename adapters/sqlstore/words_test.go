package sqlstore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
)

func TestATaskHasEveryWordThatAQueryWhichSelectsItAsksFor(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-dA-D ß水🌊'%]{1,40}`)
	rapid.Check(t, func(r *rapid.T) {
		task := domain.Task{UserID: text.Draw(r, "user"), Title: text.Draw(r, "title"), Priority: domain.PriorityHigh, Category: domain.CategoryHome, Tags: []string{"a", `"`, "水"}}
		at := rapid.SampledFrom([]string{"2026-03-01T12:00:00Z"}).Draw(r, "at")
		stampAt, err := parseStamp(at)
		if err != nil {
			r.Fatal(err)
		}
		task.CreatedAt, task.UpdatedAt = stampAt, stampAt
		row, err := rowOfTask(task)
		if err != nil {
			r.Fatal(err)
		}
		runes := []rune(task.Title)
		from := rapid.IntRange(0, len(runes)-1).Draw(r, "from")
		to := rapid.IntRange(from+1, len(runes)).Draw(r, "to")
		q := domain.TaskQuery{Search: string(runes[from:to]), Priority: &task.Priority, Category: &task.Category}
		if rapid.Bool().Draw(r, "tagged") {
			q.Tags = task.Tags[rapid.IntRange(0, 2).Draw(r, "tag"):]
		}
		has := strings.Fields(wordsOf(row))
		words, partial := wordsFor(task.UserID, &q)
		for i, w := range words {
			found := slices.Contains(has, w)
			if partial && i == len(words)-1 {
				found = slices.ContainsFunc(has, func(h string) bool { return strings.HasPrefix(h, w) })
			}
			if !found {
				r.Fatalf("%q in %q: no word %s in %v", q.Search, task.Title, w, has)
			}
		}
		if other, _ := wordsFor(task.UserID+"x", &q); slices.Contains(has, other[0]) {
			r.Fatalf("another user's word is here: %s", other[0])
		}
	})
}

func TestALongSearchAsksForABoundedNumberOfWords(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 400 {
		fmt.Fprint(&b, i)
	}
	if words, _ := wordsFor("u", &domain.TaskQuery{Search: b.String()}); len(words) > maxSearchWords+1 {
		t.Errorf("%d words", len(words))
	}
}

func TestTheCrowdIsBoundedAndNobodyGetsInEarly(t *testing.T) {
	t.Parallel()
	c := newCrowd(5)
	if c.saw("early", 4); c.has("early") {
		t.Error("in before the fifth change")
	}
	for i := range maxCrowd + 10 {
		c.saw(fmt.Sprint(i), 5)
	}
	if len(c.in) != maxCrowd || !c.has(fmt.Sprint(maxCrowd+9)) {
		t.Errorf("%d users, the last one in: %v", len(c.in), c.has(fmt.Sprint(maxCrowd+9)))
	}
}
