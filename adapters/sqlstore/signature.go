package sqlstore

import (
	"encoding/json"
	"hash/fnv"

	"github.com/tasktide/tasktide/core/domain"
)

// signature is a small Bloom filter of what a task is found by: each rune of its
// text, each two that follow each other, its tags, category and priority. A task
// that a query selects has every bit that the query has; one that has them may
// still be another. SQLite's indexes carry it, so that a walk looks at few tasks
// in vain. A text of some hundred runes fills half of the bits.
type signature [2]uint64

const (
	signCategory = iota
	signPriority
	signTag
	signRune
	signPair
)

// signatureColumns are written beside taskColumns on SQLite.
var signatureColumns = []column{{"signature_low", "bigint"}, {"signature_high", "bigint"}}

func signatureOf(r *taskRow) signature {
	var tags []string
	_ = json.Unmarshal([]byte(r.Tags), &tags) // made by json.Marshal
	return bitsOf(r.Category, r.Priority, tags, r.SearchText)
}

// signatureFor has the bits of every task that q selects.
func signatureFor(q *domain.TaskQuery) signature {
	var category, priority string
	if q.Category != nil {
		category = string(*q.Category)
	}
	if q.Priority != nil {
		priority = string(*q.Priority)
	}
	return bitsOf(category, priority, q.Tags, folded(q.Search))
}

func bitsOf(category, priority string, tags []string, text string) signature {
	var s signature
	if category != "" {
		s.set(signCategory, hash32(category))
	}
	if priority != "" {
		s.set(signPriority, hash32(priority))
	}
	for _, tag := range tags {
		s.set(signTag, hash32(tag))
	}
	before := rune(-1)
	for _, r := range text {
		s.set(signRune, uint32(r))
		if before >= 0 {
			s.set(signPair, uint32(before)*0x85ebca6b^uint32(r))
		}
		before = r
	}
	return s
}

// set turns one of the 128 bits on: the upper ones of a product are mixed well.
func (s *signature) set(kind uint64, value uint32) {
	bit := (kind<<32 | uint64(value)) * 0x9e3779b97f4a7c15 >> 57
	s[bit>>6] |= 1 << (bit & 63)
}

func (s signature) args() []any { return []any{int64(s[0]), int64(s[1])} }

func hash32(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// signed keeps rows of alias that may be selected; nothing to ask for adds nothing.
func (s *statement) signed(alias string, wanted signature) {
	if wanted == (signature{}) {
		return
	}
	low, high := int64(wanted[0]), int64(wanted[1])
	s.add(" AND ("+alias+".signature_low IS NULL OR "+alias+".signature_low & ? = ? AND "+alias+".signature_high & ? = ?)", low, low, high, high)
}
