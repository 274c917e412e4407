package jsonappend_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tasktide/tasktide/core/domain"
	"github.com/tasktide/tasktide/core/jsonappend"
)

func TestStringIsWhatAReaderReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "s")
		var back string
		if err := json.Unmarshal(jsonappend.String(nil, s), &back); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		// Each stray byte becomes one U+FFFD, as the standard library does it.
		if want := string([]rune(s)); back != want {
			t.Fatalf("%q came back as %q", want, back)
		}
	})
}

func TestTimeIsTheDomainsFormat(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-62135596800000000, 253402300799999999).Draw(t, "µs")).
			In(time.FixedZone("x", rapid.IntRange(-50000, 50000).Draw(t, "offset")))
		got := strings.Trim(string(jsonappend.Time(nil, at)), `"`)
		if got != domain.FormatTime(at) {
			t.Fatalf("%s, want %s", got, domain.FormatTime(at))
		}
	})
}
