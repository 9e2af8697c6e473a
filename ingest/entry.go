package ingest

// Entry is one record of the account topic: a side, a stamp or a control record, with its cause. The topic is
// internal: producers write the raw topic only.
type Entry struct {
	Kind  EntryKind
	Cause Cause
	Event Event // of a side or a control record
	Stamp Stamp // of a stamp
}

// EntryKind says what an Entry holds.
type EntryKind uint8

// The kinds of entry. The number is written to the log: never change one.
const (
	EntrySide    EntryKind = 1
	EntryControl EntryKind = 2
	EntryStamp   EntryKind = 3
)

// Cause is where an entry or candidate comes from. A source writes to each destination in the order of its causes,
// so a receiver that keeps the last cause of each source drops whatever was written again after a crash.
type Cause struct {
	Origin      Origin
	Partition   int32
	Incarnation uint32 // which life of the source's topic: a topic that was created again is another source
	Offset      int64
	Number      int32 // place among what the record at Offset caused
}

// Origin is the log that a cause is in.
type Origin uint8

// The origins.
const (
	OriginRaw     Origin = 1 // a raw record, by way of split
	OriginAccount Origin = 2 // an entry of the account topic, by way of a shard
	OriginHistory Origin = 3 // a line of files that a warm-up reads; the incarnation tells which files
)

// Stamp is a small digest of one subject that another subject's features need (a reporter's record, the number of
// accounts on a device). It travels through the account topic, so it is ordered, replayable and counted once.
type Stamp struct {
	Kind     StampKind
	Category Category
	Subject  SubjectID // whom it is for; its shard reads the stamp
	From     SubjectID // whose digest it is
	Event    EventID   // the event that caused it
	At       int64     // that event's time, Unix milliseconds
	Values   [StampValues]float32
	Peers    [StampPeers]uint32 // digests of peers, in rising order; 0 where there are no more
}

// How many values and peers a stamp has. A stamp without peers is written without their places, and one of earlier
// versions, with 6 values, can still be read: the others are 0.
const (
	StampValues = 12
	StampPeers  = 24
)

// StampKind says what the Values of a stamp are; features/stamps.go has the meaning of each place.
type StampKind uint8

// The kinds of stamp. The number is written to the log: never change one.
const (
	StampReport    StampKind = 1 // the reporter's record, for the account reported
	StampPlace     StampKind = 2 // a device's or network's accounts, for the account that came to it
	StampRecipient StampKind = 3 // the recipient of a first contact, for its sender
	StampLockstep  StampKind = 4 // an account, for a group of those that do the same at the same time
)

// Position is a place in the account topic; with it a row or line has a name that is the same after a crash. After a
// re-partitioning the numbers of partitions count on from those of the topics before, so that no two places are the same.
type Position struct {
	Partition int32
	Offset    int64
}
