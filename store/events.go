package store

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"time"

	"github.com/unopened/unopened/ingest"
)

// eventRow is an applied side with its place in the account topic.
type eventRow struct {
	ev    ingest.Event
	where ingest.Position
}

// eventColumns are the columns of events: one row for each side that was applied to an account. Actor and target
// appear as account and peer, since one side is one account's view.
func eventColumns() []column[eventRow] {
	return []column[eventRow]{
		text("account", "pseudonym of the account whose view this is, 32 hexadecimal digits", func(dst []byte, r *eventRow) []byte { return appendID(dst, r.ev.Subject) }),
		moment("at", "when it happened, by the messenger's clock", func(r *eventRow) int64 { return r.ev.At }),
		enum("side", []string{"acted", "received"}, "whether the account acted or was acted upon", func(r *eventRow) uint8 { return uint8(r.ev.Side) }),
		enumOf(ingest.FieldType, "type", "what happened", func(e *ingest.Event) uint8 { return uint8(e.Type) }),
		text("id", "id of the raw event: the rows of its two sides share it", func(dst []byte, r *eventRow) []byte { return hex.AppendEncode(dst, r.ev.ID[:]) }),
		text("peer", "pseudonym of the counterpart; empty where there is none or the sender is hidden", func(dst []byte, r *eventRow) []byte { return appendID(dst, r.ev.Peer) }),
		text("conversation", "pseudonym of the conversation; empty where not given", func(dst []byte, r *eventRow) []byte { return appendID(dst, r.ev.Conversation) }),
		enumOf(ingest.FieldKind, "kind", "kind of the conversation", func(e *ingest.Event) uint8 { return uint8(e.Kind) }),
		given(ingest.FieldMembers, "members", "UInt32", "size of the conversation", func(e *ingest.Event) uint32 { return uint32(e.Members) }),
		enumOf(ingest.FieldMedia, "media", "class of the attachment", func(e *ingest.Event) uint8 { return uint8(e.Media) }),
		given(ingest.FieldSize, "size", "UInt8", "log2 of the ciphertext's length in bytes", func(e *ingest.Event) uint8 { return e.Size }),
		given(ingest.FieldForwards, "forwards", "UInt8", "times forwarded; 5 is five or more", func(e *ingest.Event) uint8 { return e.Forwards }),
		flag(ingest.FieldSessionNew, "session_new", "the sender opened a new cryptographic session"),
		flag(ingest.FieldDisappearing, "disappearing", "a disappearing-messages timer was on"),
		flag(ingest.FieldAnswered, "answered", "the call was answered"),
		given(ingest.FieldDuration, "duration", "UInt8", "log2 of the call's seconds", func(e *ingest.Event) uint8 { return e.Duration }),
		enumOf(ingest.FieldRelation, "relation", "address-book relation of account and peer", func(e *ingest.Event) uint8 { return uint8(e.Relation) }),
		given(ingest.FieldSharedGroups, "shared_groups", "UInt16", "groups that both are in", func(e *ingest.Event) uint16 { return e.SharedGroups }),
		enumOf(ingest.FieldActorAge, "age", "age band of the account", func(e *ingest.Event) uint8 { return uint8(e.Age) }),
		enumOf(ingest.FieldTargetAge, "peer_age", "age band of the peer", func(e *ingest.Event) uint8 { return uint8(e.PeerAge) }),
		given(ingest.FieldActorCreated, "created", "Date", "day of the account's registration", func(e *ingest.Event) time.Time { return day(e.Created) }),
		given(ingest.FieldTargetCreated, "peer_created", "Date", "day of the peer's registration", func(e *ingest.Event) time.Time { return day(e.PeerCreated) }),
		hashed(ingest.FieldDevice, "device", "keyed hash of the actor's device; empty where not given", func(e *ingest.Event) uint64 { return e.Device }),
		hashed(ingest.FieldNetwork, "network", "keyed hash of the actor's network prefix; empty where not given", func(e *ingest.Event) uint64 { return e.Network }),
		country(ingest.FieldCountry, "country", "country of the actor's network; empty where not given", func(e *ingest.Event) [2]byte { return e.Country }),
		country(ingest.FieldPhoneCountry, "phone_country", "country of the actor's number; empty where not given", func(e *ingest.Event) [2]byte { return e.PhoneCountry }),
		enumOf(ingest.FieldClient, "client", "kind of client software", func(e *ingest.Event) uint8 { return uint8(e.Client) }),
		enumOf(ingest.FieldCategory, "category", "the harm that a report or label names", func(e *ingest.Event) uint8 { return uint8(e.Category) }),
		enumOf(ingest.FieldVerdict, "verdict", "what the analyst decided, in a label", func(e *ingest.Event) uint8 { return uint8(e.Verdict) }),
		flag(ingest.FieldVerified, "verified", "the messenger checked that the reported message existed"),
		logPartition(func(r *eventRow) ingest.Position { return r.where }),
		logOffset(func(r *eventRow) ingest.Position { return r.where }),
	}
}

// given is a Nullable column of a field that the record may lack.
func given[N any](field ingest.Fields, name, kind, help string, get func(*ingest.Event) N) column[eventRow] {
	return maybe(name, kind, help, func(r *eventRow) (N, bool) { return get(&r.ev), r.ev.Has.Any(field) })
}

// flag is a Nullable column of a boolean field.
func flag(field ingest.Fields, name, help string) column[eventRow] {
	return maybe(name, "Bool", help, func(r *eventRow) (bool, bool) { return r.ev.True.Any(field), r.ev.Has.Any(field) })
}

// enumOf is a column with the contract's names of a field's values.
func enumOf(field ingest.Fields, name, help string, get func(*ingest.Event) uint8) column[eventRow] {
	names := ingest.Schema()[bits.TrailingZeros32(uint32(field))].Names
	return enum(name, names, help+"; '' where not given", func(r *eventRow) uint8 { return get(&r.ev) })
}

// hashed is a column of 16 hexadecimal digits.
func hashed(field ingest.Fields, name, help string, get func(*ingest.Event) uint64) column[eventRow] {
	return text(name, help, func(dst []byte, r *eventRow) []byte {
		if !r.ev.Has.Any(field) {
			return dst
		}
		return fmt.Appendf(dst, "%016x", get(&r.ev))
	})
}

// country is a column of a country's code.
func country(field ingest.Fields, name, help string, get func(*ingest.Event) [2]byte) column[eventRow] {
	return text(name, help, func(dst []byte, r *eventRow) []byte {
		if !r.ev.Has.Any(field) {
			return dst
		}
		code := get(&r.ev)
		return append(dst, code[:]...)
	})
}

// moment is a column of event time.
func moment[R any](name, help string, get func(*R) int64) column[R] {
	return number(name, "DateTime64(3, 'UTC')", help, get).packed("Delta(8), ZSTD(1)")
}

// logPartition and logOffset are the columns of a row's place in the account topic. They make its key unique, so that
// a row which is inserted again replaces itself.
func logPartition[R any](get func(*R) ingest.Position) column[R] {
	return number("log_partition", "Int32", "partition of the account topic that the row comes from", func(r *R) int32 { return get(r).Partition })
}

func logOffset[R any](get func(*R) ingest.Position) column[R] {
	return number("log_offset", "Int64", "offset in that partition", func(r *R) int64 { return get(r).Offset }).packed("Delta(8), ZSTD(1)")
}

// appendID appends a pseudonym's digits; nothing for an absent one.
func appendID(dst []byte, id ingest.SubjectID) []byte {
	if id.IsZero() {
		return dst
	}
	return hex.AppendEncode(dst, id[:])
}

// day is the date of a Unix day.
func day(unix uint16) time.Time { return time.Unix(int64(unix)*86400, 0).UTC() }
