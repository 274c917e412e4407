package delivery

import (
	"encoding/json"
	"testing"
	"time"
)

func FuzzRecord(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	seeds := []string{
		`{"processed_at":"2026-03-01T12:00:00Z"}`, `{"state":"done"}`, `{"state":"other","attempts":-3}`, `{"state":5}`, `{"attempts":99999999999999999999}`,
		`null`, `"done"`, `[]`, ``, `{`, `{"state":"started","next_at":"yesterday"}`, "{\"state\":\"done\",\"error\":\"\xff\"}", `{"STATE":"done"}`,
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add(firstStart("x-1", now))
	f.Add(processed(now))
	f.Add(record{State: stateStarted, Attempts: 3, By: "b", At: &now, First: &now, NextAt: &now, Error: "e"}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r := decodeRecord(b)
		if r.State == "" {
			t.Fatalf("%q: a record without a state", b)
		}
		if r.State == stateDone && !json.Valid(b) {
			t.Fatalf("%q is no JSON and reads as done: its event would be lost", b)
		}
		if again := decodeRecord(r.encode()); string(again.encode()) != string(r.encode()) {
			t.Fatalf("%q: %s, then %s", b, r.encode(), again.encode())
		}
	})
}
