package sqlstore

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"github.com/tasktide/tasktide/core/domain"
)

// Words are what a task is found by in the index of documents: a tsvector on
// PostgreSQL, FTS5 on SQLite. Each is letters and digits that no language rule
// touches: the hash of the user, so that one user's words lie together and
// nobody else's are read; a letter for the kind; then the value. Whatever the
// index finds is compared again with the row: a word may promise too much, and
// never too little.
//
// A search is for any part of a text, so a text has a word for each of its
// runes: that rune and the two after it, each as four digits. A shorter search
// finds the words that begin with it.
const (
	wordCategory = "c"
	wordPriority = "p"
	wordTag      = "t"
	wordText     = "x"
)

const runeDigits = 4 // base 36: enough for every rune

// maxSearchWords bounds what a long search asks of the index; the row decides.
const maxSearchWords = 24

func userWord(user string) string { return hash36(user) }

func hash36(s string) string { return strconv.FormatUint(uint64(hash32(s)), 36) }

// wordsOf are the words of a row, separated by spaces.
func wordsOf(r *taskRow) string {
	var tags []string
	_ = json.Unmarshal([]byte(r.Tags), &tags) // made by json.Marshal
	user := userWord(r.UserID)
	var b strings.Builder
	b.WriteString(user + wordCategory + hash36(r.Category) + " " + user + wordPriority + hash36(r.Priority))
	for _, tag := range tags {
		b.WriteString(" " + user + wordTag + hash36(tag))
	}
	digits, ends := spelled(r.SearchText)
	seen := make(map[string]struct{}, ends)
	for i := range ends {
		word := digits[i*runeDigits : min(i+3, ends)*runeDigits]
		if _, ok := seen[word]; !ok {
			seen[word] = struct{}{}
			b.WriteString(" " + user + wordText + word)
		}
	}
	return b.String()
}

// wordsFor are the words that every task has that q selects; the last one may
// be the beginning of a word, which partial says.
func wordsFor(user string, q *domain.TaskQuery) (words []string, partial bool) {
	user = userWord(user)
	if q.Category != nil {
		words = append(words, user+wordCategory+hash36(string(*q.Category)))
	}
	if q.Priority != nil {
		words = append(words, user+wordPriority+hash36(string(*q.Priority)))
	}
	for _, tag := range q.Tags {
		words = append(words, user+wordTag+hash36(tag))
	}
	digits, runes := spelled(folded(q.Search))
	switch {
	case runes == 0:
		return words, false
	case runes < 3 && len(q.Tags) > 0: // many words may begin so, and tags say enough
		return words, false
	case runes < 3:
		return append(words, user+wordText+digits), true
	}
	step := 1 + (runes-3)/maxSearchWords
	for i := 0; i+3 <= runes; i += step {
		words = append(words, user+wordText+digits[i*runeDigits:(i+3)*runeDigits])
	}
	return words, false
}

// spelled writes each rune of s as digits of the same length, and counts them.
func spelled(s string) (digits string, runes int) {
	var b strings.Builder
	for _, r := range s {
		d := strconv.FormatUint(uint64(r), 36)
		b.WriteString("0000"[len(d):] + d)
		runes++
	}
	return b.String(), runes
}

// crowd knows users who have so many tasks that reading them all is slow; only
// their tasks get words. A user that is forgotten costs lists a little speed.
type crowd struct {
	from int64 // the position in the stream from which on a user belongs to it
	mu   sync.Mutex
	in   map[string]struct{}
}

const maxCrowd = 10_000

func newCrowd(from int64) *crowd { return &crowd{from: from, in: map[string]struct{}{}} }

func (c *crowd) saw(user string, position int64) {
	if position < c.from {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.in[user]; ok {
		return
	}
	if len(c.in) >= maxCrowd {
		for other := range c.in { // any one
			delete(c.in, other)
			break
		}
	}
	c.in[user] = struct{}{}
}

func (c *crowd) has(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.in[user]
	return ok
}

// words are those of r, nil when its user needs none.
func (c *crowd) words(r *taskRow) *string {
	if !c.has(r.UserID) {
		return nil
	}
	w := wordsOf(r)
	return &w
}
