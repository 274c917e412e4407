package kafka

import "time"

// slot is a record of the window. Its index is its number modulo the window.
type slot struct {
	offset int64
	value  []byte
	next   uint64 // number of the next record of the same lane
	tries  int
	done   bool
}

// lane is the records of one key that are not done, in order. With records it
// is on the ready list, unless a worker has it or it waits for its timer.
type lane struct {
	key         string
	first, last uint64 // numbers of slots
	n           int
	timer       *time.Timer // set while it waits for its next try
}

// ring is the window: slots head to tail-1 are in use, head is the low-water mark.
type ring struct {
	slots      []slot
	head, tail uint64
	bytes      int
	next       int64 // the offset to go on from: everything before it is done
}

func (r *ring) at(n uint64) *slot { return &r.slots[n%uint64(len(r.slots))] }

// room says whether a record of size bytes fits. One always fits in an empty ring.
func (r *ring) room(size, limit int) bool {
	used := r.tail - r.head
	return used == 0 || used < uint64(len(r.slots)) && r.bytes+size <= limit
}

func (r *ring) push(offset int64, value []byte) uint64 {
	n := r.tail
	*r.at(n) = slot{offset: offset, value: value}
	r.tail++
	r.bytes += len(value)
	return n
}

// finish marks a record done and moves the low-water mark over all that are.
func (r *ring) finish(n uint64) (moved bool) {
	s := r.at(n)
	s.done = true
	r.bytes -= len(s.value)
	s.value = nil
	for r.head < r.tail && r.at(r.head).done {
		r.next = r.at(r.head).offset + 1
		r.head++
		moved = true
	}
	return moved
}

// readyList is a FIFO of lanes.
type readyList struct {
	lanes []*lane
	head  int
}

func (q *readyList) len() int { return len(q.lanes) - q.head }

func (q *readyList) push(l *lane) { q.lanes = append(q.lanes, l) }

func (q *readyList) pop() *lane {
	l := q.lanes[q.head]
	q.lanes[q.head] = nil
	q.head++
	if q.head == len(q.lanes) {
		q.lanes, q.head = q.lanes[:0], 0
	} else if q.head >= 1024 {
		q.lanes = q.lanes[:copy(q.lanes, q.lanes[q.head:])]
		q.head = 0
	}
	return l
}

// arena copies bodies into shared chunks, a few in each: one allocation for a
// handful of small records, and a body that is kept keeps no more than a chunk.
type arena struct{ free []byte }

const chunk = 4 << 10

// clone returns a copy of b that nothing else overlaps, also when it is appended to.
func (a *arena) clone(b []byte) []byte {
	n := len(b)
	if n > chunk/4 {
		return append([]byte(nil), b...)
	}
	if n > len(a.free) {
		a.free = make([]byte, chunk)
	}
	c := a.free[:n:n]
	a.free = a.free[n:]
	copy(c, b)
	return c
}
