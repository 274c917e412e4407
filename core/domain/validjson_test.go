package domain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

var jsonTexts = []string{
	``, ` `, `{}`, `[]`, ` { } `, `{"a":1}`, `{"a":[1,2,{"b":null}],"c":"d"}`, `{"a":1,}`, `[1,]`, `{"a"}`, `{"a":}`, `{a:1}`, `{"a":1 "b":2}`,
	`"`, `"a`, `"\`, `"\u12"`, `"\u12G4"`, `"\u12aF"`, `"\x"`, "\"\x01\"", "\"\x7f\xff\"", `"\"\\\/\b\f\n\r\t"`, `'a'`,
	`0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5`, `1e5`, `1E+5`, `1e-`, `1e`, `+1`, `0x1`, `1 2`, `NaN`, `true`, `tru`, `truex`, `false`, `null`, `nul`,
	`{"a":1}}`, `[[[]]]`, `[}`, `{]`, "\u00a0{}", "\x00", "{}\x00", "\ufeff{}", "\r\n\t[ 1 , 2 ]\n", `{"a":1,"a":2}`, `{"":""}`, `[,1]`, `{,}`,
	strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat("[", 70), strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70),
	strings.Repeat("[", 10001) + strings.Repeat("]", 10001), strings.Repeat("[", 70) + "x" + strings.Repeat("]", 70),
}

func TestValidJSONIsTheStandardLibrarys(t *testing.T) {
	t.Parallel()
	for _, s := range jsonTexts {
		if got, want := domain.ValidJSON([]byte(s)), json.Valid([]byte(s)); got != want {
			t.Errorf("%.40q: %v, want %v", s, got, want)
		}
	}
}

func FuzzValidJSON(f *testing.F) {
	for _, s := range jsonTexts {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, want := domain.ValidJSON(b), json.Valid(b); got != want {
			t.Errorf("%q: %v, want %v", b, got, want)
		}
	})
}
