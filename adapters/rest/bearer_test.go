package rest

import (
	"strings"
	"testing"
)

func FuzzBearer(f *testing.F) {
	for _, s := range []string{"Bearer a.b.c", "bearer  a ", "Bearer", "Bearer ", "Basic YTpi", "Bearer\ta", "", "BEARER \x00", "Bearer a b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := bearer(header)
		if ok != (token != "") {
			t.Fatalf("%q: %q, %v", header, token, ok)
		}
		if ok && (!strings.EqualFold(header[:7], "Bearer ") || token != strings.TrimSpace(header[7:])) {
			t.Fatalf("%q: %q", header, token)
		}
	})
}
