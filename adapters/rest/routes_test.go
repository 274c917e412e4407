package rest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// all is every route that is served or described.
func all() []spec.Route {
	return append((&api{}).routes(), healthRoutes(prometheus.NewRegistry(), nil, nil)...)
}

// TestFixedWordsWinOverUserIDs: where an address fits two routes, the one that has a
// word where the other has a user's id is mounted first, and the only such word is
// the reserved id sse (boot mounts the live routes before these).
func TestFixedWordsWinOverUserIDs(t *testing.T) {
	t.Parallel()
	table := append(liveRoutes(), all()...)
	words := map[string]bool{}
	for i, first := range table {
		for _, second := range table[i+1:] {
			if first.Method != second.Method {
				continue
			}
			a, b, both := whereTheyDiffer(first.Path, second.Path)
			if !both {
				continue
			}
			if strings.HasPrefix(a, "{") || b != "{user_id}" {
				t.Errorf("%s hides %s", first.Path, second.Path)
			}
			words[a] = true
		}
	}
	if len(words) != 1 || !words["sse"] {
		t.Errorf("the user ids %v are not served everywhere; docs/rest.md says that only sse is reserved", words)
	}
}

// whereTheyDiffer compares two paths up to the first part in which one has a
// parameter and the other a word; both: an address can fit both.
func whereTheyDiffer(a, b string) (partA, partB string, both bool) {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return "", "", false
	}
	for i := range as {
		fixed := !strings.HasPrefix(as[i], "{") && !strings.HasPrefix(bs[i], "{")
		switch {
		case as[i] == bs[i]:
		case fixed:
			return "", "", false
		case partA == "":
			partA, partB = as[i], bs[i]
		}
	}
	return partA, partB, true
}

func TestEveryRouteOfTheTableIsWholeAndUnique(t *testing.T) {
	t.Parallel()
	ids, places := map[string]bool{}, map[string]bool{}
	verb := regexp.MustCompile(`^[a-z]+[A-Z]\w+$`)
	for _, r := range all() {
		place := r.Method + " " + r.Path
		switch {
		case ids[r.ID] || places[place]:
			t.Errorf("%s (%s) is there twice", place, r.ID)
		case !verb.MatchString(r.ID):
			t.Errorf("%s: the id %q is no verb and noun", place, r.ID)
		case r.Tag == "" || r.Summary == "" || len(r.Answers) == 0:
			t.Errorf("%s is not described", place)
		}
		ids[r.ID], places[place] = true, true
		if (r.Access == spec.Owner) != regexp.MustCompile(`\{user_id\}`).MatchString(r.Path) && r.Access != spec.Public {
			t.Errorf("%s: the access does not fit the path", place)
		}
		var names []string
		for _, p := range r.Params {
			if p.About == "" || p.Schema == nil || slices.Contains(names, p.In+p.Name) {
				t.Errorf("%s: the parameter %s is not described, or twice", place, p.Name)
			}
			names = append(names, p.In+p.Name)
		}
		for _, a := range r.Answers {
			if a.About == "" || a.Status < 100 || a.Status > 399 {
				t.Errorf("%s: the answer %d is not described, or no success", place, a.Status)
			}
		}
	}
}
