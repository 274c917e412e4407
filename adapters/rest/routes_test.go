package rest

import (
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tasktide/tasktide/adapters/rest/spec"
)

// all is every route that is served or described.
func all() []spec.Route {
	return append((&api{}).routes(), healthRoutes(prometheus.NewRegistry(), nil)...)
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
