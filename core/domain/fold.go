package domain

import (
	"strings"
	"unicode"
)

// Fold returns s with the case of every letter folded: two texts have the same
// fold exactly when strings.EqualFold says so. A search that ignores case is
// strings.Contains of two folds, in every store.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || 'a' <= r && r <= 'z' {
			return r
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if 'A' <= least && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, s)
}
