package rest

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"github.com/tasktide/tasktide/adapters/memory"
	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/tasks"
)

func TestTimesAreReadLenientlyAndExactly(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2026-02-04T10:00:00Z":           "2026-02-04T10:00:00Z",
		"2026-02-04t10:00:00z":           "2026-02-04T10:00:00Z",
		"2026-02-04 10:00:00":            "2026-02-04T10:00:00Z",
		"2026-02-04T10:00:00.123456789Z": "2026-02-04T10:00:00.123456789Z",
		"2026-02-04T10:00:00.1234567899": "2026-02-04T10:00:00.123456789Z",
		"2026-02-04T10:00:00,5+02:00":    "2026-02-04T08:00:00.5Z",
		"2026-02-04T10:00:00-0530":       "2026-02-04T15:30:00Z",
		"2026-02-04T10:00":               "2026-02-04T10:00:00Z",
		"2026-02-04T10:00+01:00":         "2026-02-04T09:00:00Z",
		"2026-02-04":                     "2026-02-04T00:00:00Z",
		"2024-02-29":                     "2024-02-29T00:00:00Z",
		"2026-2-4":                       "", "2026-02": "", "20260204": "", "2026-02-04T": "", "2026-02-04T10": "", "2026-02-04T10:00:00.Z": "",
		"2026-02-04T1:00:00Z": "", "2026-02-04T10:00:00 Z": "", "2026-02-04T10:00:00+2": "", "2026-02-04T10:00:00Zx": "", "2026-00-04": "",
		"2026-02-00": "", "2026-04-31": "", "2100-02-29": "", "2026-02-04T10:60:00Z": "", "+2026-02-04": "", "2026-02-04Z": "", "٢٠٢٦-02-04": "",
	} {
		got, ok := parseTime(s)
		if ok != (want != "") || ok && got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%q is %v, %v, want %q", s, got, ok, want)
		}
	}
}

func FuzzTime(f *testing.F) {
	f.Add("2026-02-04T10:00:00.5+02:00")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTime(s)
		want, err := time.Parse(time.RFC3339Nano, s)
		if err == nil && len(s) >= 20 && s[13] == ':' && (!ok || !got.Equal(want)) { // Go also takes hours of one digit
			t.Errorf("%q is %v, %v, want %v", s, got, ok, want)
		}
		if ok && (got.Year() < 0 || got.Year() > 9999) {
			t.Errorf("%q is %v", s, got)
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"title":"a\ud83d\ude00","priority":"low","tags":["x", "y\n"],"dueDate":"2026-01-01","x":{"a":[1,2,{"b":"}"}]}}`,
		`[]`, `{"title":"\ud800"}`, ` { "title" : null , "x" : -1.5e3 , "tags" : [ ] } `, `{"a":"\\\"","b":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, bad, err := decodeTask(b, true)
		var m map[string]json.RawMessage
		std := json.Unmarshal(b, &m)
		if err == nil && len(bad) == 0 && std != nil {
			t.Fatalf("%q was read, but: %v", b, std)
		}
		if err != nil || std != nil || m == nil {
			return
		}
		var title *string
		if json.Unmarshal(m["title"], &title) == nil && title != nil && in.Title.Given() && strings.ToValidUTF8(in.Title.Value, "\ufffd") != *title &&
			!strings.Contains(*title, "\ufffd") {
			t.Fatalf("%q has the title %q, want %q", b, in.Title.Value, *title)
		}
		for _, problem := range bad {
			if _, there := m[problem.Field]; !there && len(problem.Field) < 80 && problem.Message != "is unknown" {
				t.Fatalf("%q: %+v", b, problem)
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	due := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	task := domain.Task{ID: uuid.New(), Title: "a", Priority: domain.PriorityLow, DueDate: &due, CreatedAt: due}
	orders := []domain.SortField{domain.SortCreatedAt, domain.SortDueDate, domain.SortPriority, domain.SortTitle}
	for i, by := range orders {
		f.Add(makeCursor("u", &domain.TaskQuery{SortBy: by}, &task), byte(i))
	}
	f.Fuzz(func(t *testing.T, s string, by byte) {
		q := domain.TaskQuery{SortBy: orders[int(by)%len(orders)]}
		mark, ok := parseCursor(s, "u", &q)
		if !ok {
			return
		}
		back := domain.Task{ID: mark.ID, Title: mark.Title, Priority: mark.Priority, DueDate: mark.DueDate, CreatedAt: mark.CreatedAt}
		if makeCursor("u", &q, &back) != s {
			t.Fatalf("%q is %+v", s, mark)
		}
	})
}

type systemClock struct{}

func (systemClock) Now() time.Time                            { return time.Now() }
func (systemClock) Wait(context.Context, time.Duration) error { return nil }

// BenchmarkPost is a POST from the parsed request to the filled response.
func BenchmarkPost(b *testing.B) {
	store := memory.NewTasks()
	app := New(Deps{
		Tasks: tasks.New(store, systemClock{}, tasks.NewIDs()), Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
		Verify: func(context.Context, string) (domain.Principal, error) { return domain.Principal{UserID: "u1"}, nil },
	})
	handler := app.Handler()
	var c fasthttp.RequestCtx
	var request fasthttp.Request
	request.Header.SetMethod(fiber.MethodPost)
	request.SetRequestURI("/api/u1/tasks")
	request.Header.Set("Authorization", "Bearer x")
	request.SetBodyString(`{"title":"Buy milk","description":"two litres","priority":"high","category":"home","dueDate":"2026-02-05T12:00:00+02:00","tags":["shop","food"],"timeZone":"Europe/Berlin"}`)
	b.ReportAllocs()
	for b.Loop() {
		c.Init(&request, nil, nil)
		handler(&c)
		if c.Response.StatusCode() != fiber.StatusCreated {
			b.Fatal(string(c.Response.Body()))
		}
		c.Response.Reset()
		c.ResetUserValues()
	}
}
