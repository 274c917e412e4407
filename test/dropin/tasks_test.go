package dropin

import (
	"strings"
	"time"
)

const taskFields = "id userId title description priority category status completed dueDate recurringRule recurringEndDate parentTaskId " +
	"previousTaskId reminderAt reminderSent tags timeZone version createdAt updatedAt"

func testTaskIsMadeAndAnsweredWhole(c *client) {
	made := c.create(object{"title": " Buy milk ", "priority": "HIGH", "category": "Home", "description": "2 l"})
	hasFields(c.t, made, taskFields)
	for name, want := range map[string]any{
		"title": "Buy milk", "priority": "high", "category": "home", "description": "2 l", "status": "pending", "completed": false,
		"dueDate": nil, "recurringRule": nil, "recurringEndDate": nil, "parentTaskId": nil, "reminderAt": nil, "reminderSent": false, "userId": c.user,
	} {
		if made[name] != want {
			c.t.Errorf("%s is %v, want %v", name, made[name], want)
		}
	}
	for _, name := range []string{"createdAt", "updatedAt"} {
		if at, _ := made[name].(string); !moment.MatchString(at) {
			c.t.Errorf("%s is %v", name, made[name])
		}
	}
	got := c.want(200, "GET", "tasks/"+made["id"].(string), nil)
	if got["title"] != "Buy milk" {
		c.t.Errorf("%v", got)
	}
}

// testAWholeTaskGoesBackOnPut is how the page saves: everything that it got, with changes.
func testAWholeTaskGoesBackOnPut(c *client) {
	made := c.create(object{"title": "a", "priority": "Low", "category": "WORK", "dueDate": "2027-03-01T18:00:00", "tags": []string{"X ", "", "x"}})
	if made["dueDate"] != "2027-03-01T18:00:00.000000Z" {
		c.t.Errorf("a time without a zone became %v", made["dueDate"])
	}
	if tags, _ := made["tags"].([]any); len(tags) != 1 || tags[0] != "x" {
		c.t.Errorf("tags became %v", made["tags"])
	}
	made["title"], made["dueDate"], made["priority"], made["somethingNew"] = "b", "", "MEDIUM", object{"a": 1}
	got := c.want(200, "PUT", "tasks/"+made["id"].(string), made)
	if got["title"] != "b" || got["dueDate"] != nil || got["priority"] != "medium" || got["completed"] != false || got["id"] != made["id"] {
		c.t.Errorf("%v", got)
	}
	made["status"], made["completed"] = "completed", true // not how a task is completed, there or here
	if got := c.want(200, "PUT", "tasks/"+made["id"].(string), made); got["completed"] != false {
		c.t.Errorf("%v", got)
	}
}

func testEveryFormOfATimeIsTaken(c *client) {
	for sent, want := range map[string]any{
		"2027-03-01T18:00:00Z": "2027-03-01T18:00:00.000000Z", "2027-03-01T18:00:00+02:00": "2027-03-01T16:00:00.000000Z",
		"2027-03-01T18:00:00.123": "2027-03-01T18:00:00.123000Z", "2027-03-01": "2027-03-01T00:00:00.000000Z", "2027-03-01T18:00": "2027-03-01T18:00:00.000000Z",
		"2027-03-01T18:00:00.000Z": "2027-03-01T18:00:00.000000Z", // toISOString of a page
		"":                         nil,
	} {
		made := c.create(object{"title": "t", "priority": "low", "category": "other", "dueDate": sent, "recurringRule": "", "recurringEndDate": ""})
		if made["dueDate"] != want || made["recurringRule"] != nil {
			c.t.Errorf("%q became %v", sent, made["dueDate"])
		}
	}
}

func testCompletingTogglesAndDeletingAnswersNothing(c *client) {
	id := c.create(object{"title": "a", "priority": "low", "category": "other"})["id"].(string)
	for _, want := range []bool{true, false, true} {
		got := c.want(200, "PATCH", "tasks/"+id+"/complete", nil)
		if got["completed"] != want || (got["status"] == "completed") != want {
			c.t.Errorf("%v", got)
		}
	}
	if a := c.call("DELETE", "tasks/"+id, nil); a.status != 204 || len(a.body) > 0 {
		c.t.Errorf("%d %q", a.status, a.body)
	}
	c.want(404, "GET", "tasks/"+id, nil)
	c.want(404, "DELETE", "tasks/"+id, nil)
}

// testTheListHasNoLimit: the page loads everything at once and filters by query.
func testTheListHasNoLimit(c *client) {
	day := func(n int) string { return time.Date(2027, 3, n, 0, 0, 0, 0, time.UTC).Format("2006-01-02T15:04:05") }
	c.create(object{"title": "a", "priority": "low", "category": "work", "dueDate": day(3), "tags": []string{"x", "y"}})
	b := c.create(object{"title": "b", "priority": "high", "category": "home", "dueDate": day(1)})
	c.create(object{"title": "c", "priority": "medium", "category": "other", "description": "Ärger 50%"})
	c.want(200, "PATCH", "tasks/"+b["id"].(string)+"/complete", nil)
	for query, want := range map[string]string{
		"": "c b a", "?sort_order=asc": "a b c", "?status=pending": "c a", "?status=Completed": "b", "?priority=HIGH": "b", "?category=Work": "a",
		"?search=%C3%A4rger": "c", "?search=50%25": "c", "?tags=x": "a", "?tags=X,Y": "a", "?due_before=2027-03-02": "b", "?due_after=2027-03-02T00:00:00": "a",
		"?sort_by=title&sort_order=asc": "a b c", "?sort_by=priority": "b c a", "?sort_by=dueDate&sort_order=asc": "b a c", "?sort_by=createdAt": "c b a",
		"?status=nothing": "", "?status=&priority=&search=": "c b a",
	} {
		if got := c.titles("tasks" + query); got != want {
			c.t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for range 510 {
		c.create(object{"title": "many", "priority": "low", "category": "other"})
	}
	if n := len(c.list("tasks")); n != 513 {
		c.t.Errorf("%d tasks, want 513", n)
	}
}

func testWhatIsWrongHasItsStatus(c *client) {
	id := c.create(object{"title": "a", "priority": "low", "category": "other"})["id"].(string)
	for _, w := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"POST", "tasks", object{"title": "", "priority": "low", "category": "other"}, 422},
		{"POST", "tasks", object{"title": strings.Repeat("x", 256), "priority": "low", "category": "other"}, 422},
		{"POST", "tasks", object{"title": "a", "priority": "urgent", "category": "other"}, 422},
		{"POST", "tasks", object{"priority": "low", "category": "other"}, 422},
		{"POST", "tasks", object{"title": "a", "priority": "low", "category": "other", "dueDate": "soon"}, 422},
		{"PUT", "tasks/" + id, object{"title": nil}, 422},
		{"GET", "tasks/01890a5d-ac96-774b-bcce-b302099a8057", nil, 404},
		{"GET", "tasks/no-uuid", nil, 422},
		{"GET", "/api/somebody-else/tasks", nil, 403},
	} {
		o := c.want(w.status, w.method, w.path, w.body)
		if detail, _ := o["detail"].(string); detail == "" {
			c.t.Errorf("%s %s: no detail: %v", w.method, w.path, o)
		}
	}
	other := *c
	other.token = "nonsense"
	other.want(401, "GET", "tasks", nil)
	other.token = c.s.token(c.t, c.user, -time.Hour)
	other.want(401, "GET", "tasks", nil)
}
