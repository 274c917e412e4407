package realtime

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

func TestMessagesOfClientsAreReadOrRefused(t *testing.T) {
	t.Parallel()
	const epoch = "01890a5d-ac96-474b-8cce-b302099a8057"
	for body, want := range map[string]string{
		"ping":                            "ping",
		" ping\n":                         "ping",
		`{"type":"ping"}`:                 "ping",
		`{"type":"ping","more":[1]}`:      "ping",
		`{"type":"auth","token":"a.b.c"}`: "auth a.b.c",
		`{"type":"auth"}`:                 "",
		`{"type":"auth","token":5}`:       "",
		`{"type":"resume","epoch":"` + epoch + `","position":0}`:                   "resume " + epoch + ":0",
		`{"type":"resume","epoch":"` + epoch + `","position":9223372036854775807}`: "resume " + epoch + ":9223372036854775807",
		`{"type":"resume","epoch":"` + epoch + `","position":9223372036854775808}`: "",
		`{"type":"resume","epoch":"` + epoch + `","position":-1}`:                  "",
		`{"type":"resume","epoch":"` + epoch + `","position":1.5}`:                 "",
		`{"type":"resume","epoch":"` + epoch + `"}`:                                "",
		`{"type":"resume","epoch":"x","position":3}`:                               "resume " + uuid.Nil.String() + ":3",
		`{"type":"resume","position":3}`:                                           "resume " + uuid.Nil.String() + ":3",
		"":                                                                         "",
		"pong":                                                                     "",
		"null":                                                                     "",
		"[]":                                                                       "",
		`"ping"`:                                                                   "",
		`{"type":"subscribe"}`:                                                     "",
		`{"type":null}`:                                                            "",
		`{}`:                                                                       "",
		strings.Repeat(" ", MaxRequest+1):                                          "",
		`{"type":"ping"` + "\x00" + `}`:                                            "",
		strings.Repeat(`{"type":`, 1000):                                           "",
		`{"type":"ping"}{"type":"ping"}`:                                           "",
	} {
		r, err := ParseRequest([]byte(body))
		if (err != nil) != (want == "") || err != nil && !errors.Is(err, domain.ErrMalformed) {
			t.Errorf("%.60q: %v", body, err)
			continue
		}
		if got := describe(r); err == nil && got != want {
			t.Errorf("%.60q is %s, want %s", body, got, want)
		}
	}
}

func TestARefusedMessageNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for body, word := range map[string]string{
		`{"type":"resume","epoch":"x","position":1.5}`:                 "a whole number",
		`{"type":"resume","epoch":"x","position":"3"}`:                 "without quotes",
		`{"type":"resume","epoch":"x","position":-3}`:                  "from 0 on",
		`{"type":"resume","epoch":"x","position":9223372036854775808}`: "a whole number",
		`{"type":"resume","epoch":"x","position":null}`:                "needs a position",
		`{"type":"resume","epoch":7,"position":3}`:                     "the epoch",
		`{"type":"auth","token":{"a":"secret"}}`:                       "the token",
		`{"type":"auth","token":""}`:                                   "needs a token",
		`{"type":5}`:                                                   "the type",
		`{"type":"hello"}`:                                             `not "hello"`,
		`{"type":"` + strings.Repeat("ö", 100) + `"}`:                  "auth, resume or ping",
		`{"type":"resume"`:                                             "JSON object",
		`[3]`:                                                          "JSON object",
	} {
		_, err := ParseRequest([]byte(body))
		if err == nil || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.60s: %v, want %q in it", body, err, word)
			continue
		}
		if n := len(err.Error()); n > 123 {
			t.Errorf("%.60s: %d bytes don't fit into a close: %v", body, n, err)
		}
	}
}

func describe(r Request) string {
	switch {
	case r.Ping:
		return "ping"
	case r.Resume != nil:
		return "resume " + r.Resume.String()
	}
	return "auth " + r.Token
}

// FuzzParseRequest: exactly one meaning or an error that a person can read.
func FuzzParseRequest(f *testing.F) {
	for _, s := range []string{"ping", `{"type":"auth","token":"x"}`, `{"type":"resume","epoch":"01890a5d-ac96-474b-8cce-b302099a8057","position":7}`, `{"type":"\u0000"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := ParseRequest(body)
		meanings := 0
		for _, yes := range []bool{r.Ping, r.Token != "", r.Resume != nil} {
			if yes {
				meanings++
			}
		}
		if err != nil && (meanings != 0 || !errors.Is(err, domain.ErrMalformed)) || err == nil && meanings != 1 {
			t.Fatalf("%q: %+v, %v", body, r, err)
		}
		if r.Resume != nil && r.Resume.Value < 0 {
			t.Fatalf("a position of %d", r.Resume.Value)
		}
	})
}
