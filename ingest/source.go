package ingest

import "context"

// Partition names one partition of a log. Count is the number of partitions that its topic has. TopicID tells the
// topic's lives apart: one that was deleted and created again has another; it is zero where the log has no such thing.
type Partition struct {
	Topic   string
	ID      int
	Count   int
	TopicID [16]byte
}

// Record is one record of a log as a source hands it over. Value is valid only during the call that hands it over.
type Record struct {
	Offset int64
	Time   int64  // the log's own timestamp of the record, Unix milliseconds; 0 for files, which have none
	Value  []byte // cut after MaxRecord+1 bytes; nil where the log cannot give it back (see Poison)
	Size   int    // its full length in bytes
	// Stray is set when the record came with a header other than a well-formed traceparent.
	Stray bool
	// Poison is set when the log could not give the record's bytes back (corrupt or undecodable batch).
	Poison bool
}

// Batch is a run of records of one partition, in the order of the log. Next is the offset after the last one. Gap
// counts the offsets since the batch before that have no record here; Lost are those of them whose record the log no
// longer has (retention, compaction). The others never were events: transaction markers, and what a producer took back.
// CaughtUp is set when Next is the end of the log as the source last knew it; a batch without records says only that.
type Batch struct {
	Records  []Record
	Next     int64
	Gap      int64
	Lost     int64
	CaughtUp bool
}

// Source reads partitions and hands their records over in order.
type Source interface {
	// Run opens a handler for each partition it is given, starts reading at the handler's Resume offset, and works
	// until ctx is done (then it returns nil), the source has ended (files), or a handler fails. When a partition is
	// taken away or Run ends, its handler is closed.
	Run(ctx context.Context, open func(context.Context, Partition) (Handler, error)) error
}

// Handler takes one partition's records. No method is called concurrently with another of the same handler.
type Handler interface {
	// Resume is the offset of the first record that the handler wants, or -1 for the earliest there is.
	Resume() int64
	// Handle takes the next batch. An error stops the source.
	Handle(ctx context.Context, b Batch) error
	// Close seals what was handled. It is called once, also when ctx of Handle was cancelled.
	Close(ctx context.Context) error
}

// Log takes records for the partitions of an internal topic: the account topic or the alert topic. Append returns
// when the records are durable, in order, or with an error, after which the outcome is unknown and the same records
// may be appended again: receivers drop what they have seen by its Cause. The values are not kept after it returns.
type Log interface {
	Partitions() int
	Append(ctx context.Context, partition int, values [][]byte) error
}

// Letters takes dead letters: a note of each refused record, without any of its bytes.
type Letters interface {
	Bury(ctx context.Context, letters []DeadLetter) error
}

// MaxRecord is the largest raw record that is accepted, in bytes.
const MaxRecord = 2048
