package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
)

// user makes writes one after the other, each repeated until it is known to be applied, and remembers what was applied.
type user struct {
	*client
	rand  *rand.Rand
	tasks map[string]object // as they must be now
	ids   []string          // of tasks, in the order of their creation
	log   []write           // everything applied, in order
	// unseen are the titles of creates that got no answer and were not found afterwards. A database may still apply a
	// statement whose client is dead: the title may turn up later, once.
	unseen map[string]bool

	titles                int
	answered, open, found int         // requests answered; unanswered; unanswered and found applied
	took                  spread      // by requests that were answered
	failures              map[int]int // answers by status, 500 and above

	keyed bool                                            // each create has an Idempotency-Key
	noted func(status int, err error, took time.Duration) // told of each request; may be nil

	sent chan<- struct{}
}

func newUser(s *system, name, token string) *user {
	return &user{
		client: newClient(s.api, name, token), sent: s.sent, rand: random(name),
		tasks: map[string]object{}, unseen: map[string]bool{}, failures: map[int]int{},
	}
}

// work makes n writes within about the given time: a few at once, then a rest.
func (u *user) work(ctx context.Context, n int, about time.Duration) error {
	began := time.Now()
	for i, at := range u.moments(n, about) {
		time.Sleep(time.Until(began.Add(at)))
		if err := u.write(ctx); err != nil {
			return fmt.Errorf("%s, write %d: %w", u.user, i+1, err)
		}
	}
	return nil
}

// workUntil makes writes, one about every so often, until done is closed.
func (u *user) workUntil(ctx context.Context, done <-chan struct{}, every time.Duration) error {
	for {
		select {
		case <-done:
			return nil
		case <-time.After(time.Duration(u.rand.ExpFloat64() * float64(every))):
		}
		if err := u.write(ctx); err != nil {
			return fmt.Errorf("%s: %w", u.user, err)
		}
	}
}

// moments are those of n writes, in groups of four on average.
func (u *user) moments(n int, within time.Duration) []time.Duration {
	groups := make([]time.Duration, (n+3)/4)
	for i := range groups {
		groups[i] = time.Duration(u.rand.Int64N(int64(within)))
	}
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = groups[u.rand.IntN(len(groups))]
	}
	slices.Sort(all)
	return all
}

func (u *user) write(ctx context.Context) error {
	if u.rand.IntN(8) == 0 {
		if err := u.adopt(ctx); err != nil {
			return err
		}
	}
	dice := u.rand.IntN(100)
	if len(u.ids) == 0 || dice < 35 {
		return u.create(ctx)
	}
	t := u.tasks[u.ids[u.rand.IntN(len(u.ids))]]
	switch {
	case dice < 65:
		return u.update(ctx, t)
	case dice < 87:
		return u.toggle(ctx, t)
	}
	return u.delete(ctx, t)
}

// send is one request and the count of its outcome.
func (u *user) send(ctx context.Context, method, path string, body any, ifMatch string) (int, []byte, error) {
	select {
	case u.sent <- struct{}{}: // whoever waits for it
	default:
	}
	began := time.Now()
	status, answer, err := u.once(ctx, method, path, body, ifMatch)
	if u.noted != nil {
		u.noted(status, err, time.Since(began))
	}
	if !lost(status, err) {
		u.answered++
		u.took = append(u.took, time.Since(began))
		return status, answer, nil
	}
	u.open++
	if err == nil {
		u.failures[status]++
	}
	if time.Since(began) > 25*time.Second {
		return 0, nil, fmt.Errorf("%s %s was not answered within %s", method, path, time.Since(began))
	}
	return 0, nil, nil
}

func (u *user) rest() { time.Sleep(time.Duration(50+u.rand.IntN(150)) * time.Millisecond) }

func (u *user) title() string {
	u.titles++
	return fmt.Sprintf("%s %d %x – größer ✓", u.user, u.titles, u.rand.Uint32())
}

// create sends a title twice only with the same Idempotency-Key; without one, what is found says which request was applied.
func (u *user) create(ctx context.Context) error { return u.createWith(ctx, u.fields()) }

func (u *user) createWith(ctx context.Context, asked object) error {
	if u.keyed {
		u.key = uuid.NewString()
		defer func() { u.key = "" }()
	}
	for {
		status, body, err := u.send(ctx, "POST", u.path(""), asked, "")
		var t object
		switch {
		case err != nil:
			return err
		case status == http.StatusCreated:
			if t, err = decode(body); err != nil {
				return err
			}
		case status != 0:
			return fmt.Errorf("POST answered %d %s", status, body)
		case u.keyed: // the same again, until it is answered
			u.rest()
			continue
		default:
			if t, err = u.search(ctx, asked.text("title")); err != nil {
				return err
			}
		}
		if t == nil {
			u.unseen[asked.text("title")] = true
			u.rest()
			asked["title"] = u.title()
			continue
		}
		for name, value := range asked {
			if fmt.Sprint(t[name]) != fmt.Sprint(value) {
				return fmt.Errorf("asked for %s %v, got %v", name, value, t[name])
			}
		}
		u.keep(write{event: "created", after: asCreated(t), answered: status != 0})
		u.own(t)
		return nil
	}
}

func (u *user) search(ctx context.Context, title string) (object, error) {
	all, err := u.client.tasks(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.text("title") == title {
			return t, nil
		}
	}
	return nil, nil
}

// update is a PUT of a few fields or of the whole task, as some clients send it; the title always changes.
func (u *user) update(ctx context.Context, t object) error {
	asked, body := u.changes(t), object{}
	if u.rand.IntN(3) == 0 {
		maps.Copy(body, t)
	}
	maps.Copy(body, asked)
	return u.change(ctx, t, "updated", asked, "PUT", u.path(t.text("id")), body)
}

func (u *user) toggle(ctx context.Context, t object) error {
	asked, event := object{"completed": true, "status": "completed"}, "completed"
	if t["completed"] == true {
		asked, event = object{"completed": false, "status": "pending"}, "updated"
	}
	return u.change(ctx, t, event, asked, "PATCH", u.path(t.text("id"))+"/complete", nil)
}

func (u *user) delete(ctx context.Context, t object) error {
	return u.change(ctx, t, "deleted", nil, "DELETE", u.path(t.text("id")), nil)
}

// change repeats a write until it is known that it was applied. A repetition is always conditional on the version, so
// that it can't be applied on top of itself. Meanwhile a reminder may be sent, which changes the task too.
func (u *user) change(ctx context.Context, t object, event string, asked object, method, path string, body any) error {
	ifMatch := ""
	if u.rand.IntN(2) == 0 {
		ifMatch = t.etag()
	}
	for first := true; ; first = false {
		status, answer, err := u.send(ctx, method, path, body, ifMatch)
		if err != nil {
			return err
		}
		var now object
		switch {
		case status == http.StatusOK:
			if now, err = decode(answer); err != nil {
				return err
			}
		case status == http.StatusNoContent:
		case status == 0, !first && (status == http.StatusPreconditionFailed || status == http.StatusNotFound), status == http.StatusPreconditionFailed && due(t):
			if now, err = u.task(ctx, t.text("id")); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s answered %d %s", method, status, answer)
		}
		if now == nil {
			if event != "deleted" {
				return fmt.Errorf("after %s the task is gone", method)
			}
			u.keep(write{event: event, answered: status/100 == 2})
			u.forget(t.text("id"))
			return nil
		}
		answered := status/100 == 2
		applied, err := explain(t, asked, now, event, answered)
		if err != nil {
			return fmt.Errorf("after %s (%d): %w", method, status, err)
		}
		u.tasks[t.text("id")] = now
		if !applied {
			t = now
			ifMatch = t.etag()
			u.rest()
			continue
		}
		w := write{event: event, asked: asked, answered: answered}
		if answered {
			w.after = now
		}
		u.keep(w)
		return nil
	}
}

// adopt takes the occurrences that the system has made into the user's tasks.
func (u *user) adopt(ctx context.Context) error {
	all, err := u.client.tasks(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t["previousTaskId"] != nil && u.tasks[t.text("id")] == nil {
			u.own(t)
		}
	}
	return nil
}

// keep notes an applied write.
func (u *user) keep(w write) {
	u.log = append(u.log, w)
	if !w.answered {
		u.found++
	}
}

// own takes a task into the user's.
func (u *user) own(t object) {
	id := t.text("id")
	if u.tasks[id] == nil {
		u.ids = append(u.ids, id)
	}
	u.tasks[id] = t
}

func (u *user) forget(id string) {
	delete(u.tasks, id)
	u.ids = slices.DeleteFunc(u.ids, func(x string) bool { return x == id })
}
