package domain

import "time"

// Backlog is what one shard of a publisher has stored and not published.
type Backlog struct {
	Publisher Service
	Shard     int
	Pending   int64
	Oldest    time.Time     // when its oldest event was made
	Age       time.Duration // since then, on the database's clock
	Owner     string        // the relay that holds the shard; "" when none does
}

// Lag is how many events of a topic a group has not handled. A broker counts
// partitions; without one, Partitions is nil.
type Lag struct {
	Group      Service
	Topic      Topic
	Behind     int64
	Members    int // of the group now; -1: not known
	Partitions []PartitionLag
}

// TopicCount is how many events a topic has taken since it is there, or since the
// process began to count: the difference of two readings makes a rate, and one that is
// smaller than the reading before began anew.
type TopicCount struct {
	Topic Topic
	Taken int64
}

// PartitionLag is the same of one partition. Committed is -1 when the group has
// not come to it yet: all that the broker has is before it.
type PartitionLag struct {
	Partition                     int32
	Begin, Committed, End, Behind int64
}

// DeadLetterMark is the last letter of a page.
type DeadLetterMark struct {
	LastFailed time.Time
	UserID, ID string
}
