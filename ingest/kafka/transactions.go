package kafka

import (
	"encoding/binary"

	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
)

// end is the offset up to which all transactions have ended, or of the log's end where a broker knows no transactions.
func (a *partitionAnswer) end() int64 {
	if a.LastStableOffset < 0 {
		return a.HighWatermark
	}
	return a.LastStableOffset
}

// undone tells which batches of an answer a producer took back: the broker hands them out, with a list of the
// transactions that were aborted (KIP-98, "Exactly Once Delivery and Transactional Messaging").
type undone struct {
	ahead []fetchapi.ResponseTransaction // those that no batch has come to
	by    map[int64]bool                 // producers that are in one
}

// has tells whether a batch was undone. It is asked for each batch, in the order of the log.
func (u *undone) has(b *batch) bool {
	if b.attributes&transactional == 0 {
		return false
	}
	for i := 0; i < len(u.ahead); {
		if u.ahead[i].FirstOffset > b.last {
			i++
			continue
		}
		if u.by == nil {
			u.by = make(map[int64]bool)
		}
		u.by[u.ahead[i].ProducerID] = true
		u.ahead = append(u.ahead[:i], u.ahead[i+1:]...)
	}
	if b.attributes&control != 0 && b.aborts() {
		delete(u.by, b.producer)
	}
	return u.by[b.producer]
}

// aborts tells whether a batch of transaction markers ends a transaction by undoing it: the marker's key is a version and
// 0, where one that commits has 1.
func (b *batch) aborts() bool {
	scan := scanner{rest: b.records}
	record := scanner{rest: scan.bytes(scan.varint())}
	record.bytes(1) // attributes, unused
	record.varint() // time
	record.varint() // offset
	key := record.bytes(record.varint())
	return len(key) >= 4 && !record.bad && binary.BigEndian.Uint16(key[2:]) == 0
}
