package domain_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
)

func sample() domain.Event {
	return domain.Event{
		ID: uuid.MustParse("550e8400-e29b-41d4-a716-446655440000"), Time: time.Date(2026, 2, 4, 10, 0, 0, 0, time.UTC),
		Type: domain.TaskCreatedV1, UserID: "user-123", CorrelationID: "req-1", Source: domain.BackendAPI,
		Subject: "0195a2d0-0000-7000-8000-000000000001", Position: 7, TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Data: json.RawMessage(`{"task_id":"0195a2d0-0000-7000-8000-000000000001","title":"Größe <b>","priority":"high","status":"pending"}`),
	}
}

const golden = `{"specversion":"1.0","id":"550e8400-e29b-41d4-a716-446655440000","source":"backend-api","type":"task.created.v1","subject":"0195a2d0-0000-7000-8000-000000000001","time":"2026-02-04T10:00:00.000000Z","datacontenttype":"application/json","partitionkey":"user-123","sequence":"7","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","data":{"event_id":"550e8400-e29b-41d4-a716-446655440000","timestamp":"2026-02-04T10:00:00.000000Z","event_type":"task.created.v1","user_id":"user-123","correlation_id":"req-1","data":{"task_id":"0195a2d0-0000-7000-8000-000000000001","title":"Größe <b>","priority":"high","status":"pending"}}}`

func TestTheBytesOnTheWireAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	b, err := domain.EncodeEvent(sample())
	if err != nil || string(b) != golden {
		t.Errorf("err %v\n got %s\nwant %s", err, b, golden)
	}
}

func TestWhatIsEncodedIsDecodedUnchanged(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-zA-Z0-9"\\ü€<>&😀 ]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		e := sample()
		e.UserID, e.CorrelationID = text.Draw(t, "user"), text.Draw(t, "correlation")
		e.TraceParent = rapid.SampledFrom([]string{"", e.TraceParent}).Draw(t, "trace")
		e.Position = rapid.Int64Min(1).Draw(t, "position")
		e.Time = time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC()
		b, err := domain.EncodeEvent(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := domain.DecodeEvent(b)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("err %v\n got %+v\nwant %+v", err, got, e)
		}
	})
}

func TestAHostileRecordIsMalformedAndTheErrorSaysWhy(t *testing.T) {
	t.Parallel()
	replace := func(old, now string) string {
		if !strings.Contains(golden, old) {
			t.Fatalf("%q is not in the sample", old)
		}
		return strings.ReplaceAll(golden, old, now)
	}
	cases := map[string]struct{ body, want string }{
		"empty":               {"", "empty"},
		"no JSON":             {"hello", "not a CloudEvent"},
		"an array":            {"[1,2]", "not a CloudEvent"},
		"null":                {"null", "no data"},
		"trailing bytes":      {golden + "x", "not a CloudEvent"},
		"cut off":             {golden[:200], "not a CloudEvent"},
		"number as trace":     {replace(`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"`, `"traceparent":5`), "traceparent"},
		"object as id":        {replace(`"id":"550e8400-e29b-41d4-a716-446655440000"`, `"id":{}`), "id"},
		"another spec":        {replace(`"specversion":"1.0"`, `"specversion":"0.3"`), "specversion"},
		"id is no UUID":       {replace("550e8400-e29b-41d4-a716-446655440000", "one"), "UUID"},
		"nil UUID":            {replace("550e8400-e29b-41d4-a716-446655440000", uuid.Nil.String()), "UUID"},
		"ids differ":          {replace(`"event_id":"550e8400`, `"event_id":"650e8400`), "differs"},
		"unknown type":        {replace("task.created.v1", "task.exploded.v1"), "unknown"},
		"newer version":       {replace("task.created.v1", "task.created.v2"), "newer"},
		"types differ":        {replace(`"event_type":"task.created.v1"`, `"event_type":"task.deleted.v1"`), "differs"},
		"no user":             {replace("user-123", ""), "user_id"},
		"NUL in the user":     {replace("user-123", `a\u0000b`), "user_id"},
		"a huge user":         {replace("user-123", strings.Repeat("u", 256)), "user_id"},
		"keys differ":         {replace(`"partitionkey":"user-123"`, `"partitionkey":"mallory"`), "partitionkey"},
		"no position":         {replace(`"sequence":"7",`, ""), "sequence"},
		"negative position":   {replace(`"sequence":"7"`, `"sequence":"-7"`), "sequence"},
		"position overflows":  {replace(`"sequence":"7"`, `"sequence":"99999999999999999999"`), "sequence"},
		"impossible time":     {replace("2026-02-04T10", "2026-02-31T10"), "timestamp"},
		"newline in id":       {replace(`"correlation_id":"req-1"`, `"correlation_id":"a\nb"`), "control"},
		"data is a string":    {replace(`"data":{"task_id":"0195a2d0-0000-7000-8000-000000000001","title":"Größe <b>","priority":"high","status":"pending"}`, `"data":"x"`), "object"},
		"data is not JSON":    {replace(`"priority":"high"`, `"priority":high`), "not a CloudEvent"},
		"data closes early":   {replace(`"status":"pending"}`, `"status":"pending"}}`), "not a CloudEvent"},
		"over the size limit": {replace("Größe", strings.Repeat("x", domain.MaxEventBytes)), "bytes"},
	}
	for name, c := range cases {
		e, err := domain.DecodeEvent([]byte(c.body))
		if !errors.Is(err, domain.ErrMalformed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: err = %v, want ErrMalformed that says %q", name, err, c.want)
		}
		if name == "unknown type" && (e.UserID != "user-123" || e.ID == uuid.Nil) {
			t.Errorf("%s: what can be read is lost: %+v", name, e)
		}
	}
}

// FuzzDecodeEvent: no input panics, and what one path accepts the other reads alike.
func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte(strings.Replace(golden, `"subject"`, ` "subject"`, 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := domain.DecodeEvent(body)
		if err != nil {
			return
		}
		again, err := domain.DecodeEvent(append([]byte(" "), body...)) // the space forces the general path
		if err != nil && len(body) < domain.MaxEventBytes {
			t.Fatalf("the general path refuses it: %v", err)
		}
		if err == nil && !reflect.DeepEqual(again, e) {
			t.Fatalf("fast %+v\nslow %+v", e, again)
		}
	})
}

func BenchmarkDecodeEvent(b *testing.B) {
	for b.Loop() {
		if _, err := domain.DecodeEvent([]byte(golden)); err != nil {
			b.Fatal(err)
		}
	}
}
