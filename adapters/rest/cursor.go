package rest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tasktide/tasktide/core/domain"
)

// A cursor is base64url of: checksum (8 bytes), id of the last task (16), the
// value that it was sorted by. The checksum binds it to its user, filters and
// order, so that a cursor of another list is noticed. It is no secret and gives no
// right: a list only ever has its own user's tasks.
const cursorHead = 8 + 16

func makeCursor(user string, q *domain.TaskQuery, last *domain.Task) string {
	b := make([]byte, cursorHead, cursorHead+16)
	copy(b[8:], last.ID[:])
	switch q.SortBy {
	case domain.SortDueDate:
		if last.DueDate != nil {
			b = appendTime(b, *last.DueDate)
		}
	case domain.SortPriority:
		b = append(b, last.Priority...)
	case domain.SortTitle:
		b = append(b, last.Title...)
	default:
		b = appendTime(b, last.CreatedAt)
	}
	binary.BigEndian.PutUint64(b, checksum(user, q, b[8:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads what makeCursor made for the same user and query; a mark has
// nothing that no task could have.
func parseCursor(s, user string, q *domain.TaskQuery) (mark domain.TaskMark, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < cursorHead || binary.BigEndian.Uint64(b) != checksum(user, q, b[8:]) {
		return mark, false
	}
	mark.ID = uuid.UUID(b[8:cursorHead])
	value := b[cursorHead:]
	switch q.SortBy {
	case domain.SortDueDate:
		if len(value) == 0 {
			return mark, true
		}
		var at time.Time
		at, ok = readTime(value)
		mark.DueDate = &at
	case domain.SortPriority:
		mark.Priority = domain.Priority(value)
		ok = mark.Priority.Rank() > 0
	case domain.SortTitle:
		mark.Title = string(value)
		ok = utf8.Valid(value) && strings.IndexByte(mark.Title, 0) < 0
	default:
		mark.CreatedAt, ok = readTime(value)
	}
	return mark, ok
}

func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixMicro()))
}

func readTime(b []byte) (time.Time, bool) {
	if len(b) != 8 {
		return time.Time{}, false
	}
	t := time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// checksum covers all that makes a list what it is, the page size aside.
func checksum(user string, q *domain.TaskQuery, mark []byte) uint64 {
	h := fnv.New64a()
	part := func(present bool, s string) {
		flag := byte(0)
		if present {
			flag = 1
		}
		_, _ = h.Write(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(s))))
		_, _ = h.Write([]byte(s))
	}
	part(true, user)
	part(q.Ascending, string(q.SortBy))
	part(true, q.Search)
	part(q.Status != nil, deref(q.Status))
	part(q.Priority != nil, string(deref(q.Priority)))
	part(q.Category != nil, string(deref(q.Category)))
	part(q.DueBefore != nil, string(appendTime(nil, deref(q.DueBefore))))
	part(q.DueAfter != nil, string(appendTime(nil, deref(q.DueAfter))))
	for _, tag := range q.Tags {
		part(true, tag)
	}
	part(false, string(mark))
	return h.Sum64()
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
