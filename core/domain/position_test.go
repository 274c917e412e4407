package domain_test

import (
	"errors"
	"testing"

	"github.com/tasktide/tasktide/core/domain"
)

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{
		"550e8400-e29b-41d4-a716-446655440000:7", "550e8400-e29b-41d4-a716-446655440000:0", "550e8400-e29b-41d4-a716-446655440000:-1", ":", "", "x:1",
		"550e8400-e29b-41d4-a716-446655440000:9223372036854775808", "550e8400-e29b-41d4-a716-446655440000:1:2", "{550e8400-e29b-41d4-a716-446655440000}:+1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := domain.ParsePosition(s)
		if err != nil {
			if !errors.Is(err, domain.ErrMalformed) || p != (domain.Position{}) {
				t.Fatalf("%q: %v, %v", s, p, err)
			}
			return
		}
		if again, err := domain.ParsePosition(p.String()); err != nil || again != p || p.Value < 0 {
			t.Fatalf("%q: %v, then %v, %v", s, p, again, err)
		}
	})
}
