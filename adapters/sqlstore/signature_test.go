package sqlstore

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
)

func TestATaskHasEveryBitThatAQueryWhichSelectsItAsksFor(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-dA-D ß水🌊'%]{1,40}`)
	rapid.Check(t, func(r *rapid.T) {
		row := taskRow{Category: text.Draw(r, "category"), Priority: "high", Tags: `["a","\"","水"]`, SearchText: folded(text.Draw(r, "text"))}
		runes := []rune(row.SearchText)
		from := rapid.IntRange(0, len(runes)-1).Draw(r, "from")
		to := rapid.IntRange(from+1, len(runes)).Draw(r, "to")
		category, priority := domain.Category(row.Category), domain.PriorityHigh
		q := domain.TaskQuery{Search: string(runes[from:to]), Category: &category, Priority: &priority, Tags: []string{`"`, "水"}}
		has, wants := signatureOf(&row), signatureFor(&q)
		for i := range has {
			if has[i]&wants[i] != wants[i] {
				r.Fatalf("%q in %q: %x of %x", q.Search, row.SearchText, wants, has)
			}
		}
	})
}

// Words of a language share many letters; what is measured is how often a
// signature says perhaps to a word that the text does not have.
func TestFewSignaturesPromiseAWordThatTheirTaskDoesNotHave(t *testing.T) {
	t.Parallel()
	verbs := strings.Fields("Water Buy Call Write Clean Repair Order Visit Read Plan Book Send Pay Check Move Sort")
	things := strings.Fields("plants bread mother letter kitchen bicycle dentist chapter holiday table parcel rent battery boxes photos garden shelf report invoice")
	wants := signatureFor(&domain.TaskQuery{Search: "xylophone"})
	wrong, n := 0, 0
	for _, verb := range verbs {
		for _, thing := range things {
			n++
			has := signatureOf(&taskRow{Category: "home", Priority: "low", Tags: `[]`, SearchText: folded(verb + " the " + thing + " again")})
			if has[0]&wants[0] == wants[0] && has[1]&wants[1] == wants[1] {
				wrong++
			}
		}
	}
	if wrong*50 > n {
		t.Errorf("%d of %d", wrong, n)
	}
}

func TestARowThatSomebodyElseChangesLosesItsSignature(t *testing.T) {
	t.Parallel()
	db, err := OpenSQLite(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := Migrate(t.Context(), db, Up); err != nil {
		t.Fatal(err)
	}
	at, err := parseStamp("2026-03-01T12:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	task := domain.Task{ID: uuid.New(), UserID: "u", Title: "water", Priority: domain.PriorityLow, Category: domain.CategoryHome, TimeZone: "UTC", Version: 1, CreatedAt: at, UpdatedAt: at}
	e := domain.Event{ID: uuid.New(), Time: at, Type: domain.TaskCreatedV1, Source: domain.BackendAPI, Data: []byte(`{}`)}
	if _, err := NewTasks(db).Create(t.Context(), task, e); err != nil {
		t.Fatal(err)
	}
	signed := func() (n int) {
		if err := db.sqlite.db.QueryRowContext(t.Context(), "SELECT count(signature_low) + count(signature_high) FROM tasks").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		change string
		expect int
	}{{"completed = 1", 2}, {"search_text = 'fire'", 0}} {
		if _, err := db.sqlite.db.ExecContext(t.Context(), "UPDATE tasks SET "+step.change); err != nil {
			t.Fatal(err)
		}
		if got := signed(); got != step.expect {
			t.Errorf("after %s: %d halves of a signature, want %d", step.change, got, step.expect)
		}
	}
}
