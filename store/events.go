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

// eventTable has a row for each side that was applied to an account. Actor and target appear as account and peer, since
// one side is one account's view.
var eventTable = table{
	name: "events", help: "one row for each side of an event that was applied to an account",
	key: "account, at, log_partition, log_offset", partition: byDay, settings: dropWhole,
	keep: func(c *Config) time.Duration { return c.KeepEvents },
	columns: []column{
		value("account", "String", "pseudonym of the account whose view this is, 32 hexadecimal digits",
			func(r *eventRow) string { return pseudonym(r.ev.Subject) }),
		moment("at", "when it happened, by the messenger's clock", func(r *eventRow) int64 { return r.ev.At }),
		enum("side", []string{"acted", "received"}, "whether the account acted or was acted upon",
			func(r *eventRow) uint8 { return uint8(r.ev.Side) }),
		names(ingest.FieldType, func(e *ingest.Event) uint8 { return uint8(e.Type) }),
		value("id", "String", "id of the raw event: the rows of its two sides share it",
			func(r *eventRow) string { return hex.EncodeToString(r.ev.ID[:]) }),
		value("peer", "String", "pseudonym of the counterpart; empty where there is none or the sender is hidden",
			func(r *eventRow) string { return pseudonym(r.ev.Peer) }),
		value("conversation", "String", "pseudonym of the conversation; empty where not given",
			func(r *eventRow) string { return pseudonym(r.ev.Conversation) }),
		names(ingest.FieldKind, func(e *ingest.Event) uint8 { return uint8(e.Kind) }),
		given(ingest.FieldMembers, "UInt32", func(e *ingest.Event) uint32 { return uint32(e.Members) }),
		names(ingest.FieldMedia, func(e *ingest.Event) uint8 { return uint8(e.Media) }),
		given(ingest.FieldSize, "UInt8", func(e *ingest.Event) uint8 { return e.Size }),
		given(ingest.FieldForwards, "UInt8", func(e *ingest.Event) uint8 { return e.Forwards }),
		flag(ingest.FieldSessionNew),
		flag(ingest.FieldDisappearing),
		flag(ingest.FieldAnswered),
		given(ingest.FieldDuration, "UInt8", func(e *ingest.Event) uint8 { return e.Duration }),
		names(ingest.FieldRelation, func(e *ingest.Event) uint8 { return uint8(e.Relation) }),
		given(ingest.FieldSharedGroups, "UInt16", func(e *ingest.Event) uint16 { return e.SharedGroups }),
		names(ingest.FieldActorAge, func(e *ingest.Event) uint8 { return uint8(e.Age) }).
			called("age", "age band of the account; '' where not given"),
		names(ingest.FieldTargetAge, func(e *ingest.Event) uint8 { return uint8(e.PeerAge) }).
			called("peer_age", "age band of the peer; '' where not given"),
		given(ingest.FieldActorCreated, "Date", func(e *ingest.Event) time.Time { return day(e.Created) }).
			called("created", "day of the account's registration; NULL where not given"),
		given(ingest.FieldTargetCreated, "Date", func(e *ingest.Event) time.Time { return day(e.PeerCreated) }).
			called("peer_created", "day of the peer's registration; NULL where not given"),
		code(ingest.FieldDevice, func(e *ingest.Event) string { return fmt.Sprintf("%016x", e.Device) }),
		code(ingest.FieldNetwork, func(e *ingest.Event) string { return fmt.Sprintf("%016x", e.Network) }),
		code(ingest.FieldCountry, func(e *ingest.Event) string { return string(e.Country[:]) }),
		code(ingest.FieldPhoneCountry, func(e *ingest.Event) string { return string(e.PhoneCountry[:]) }),
		names(ingest.FieldClient, func(e *ingest.Event) uint8 { return uint8(e.Client) }),
		names(ingest.FieldCategory, func(e *ingest.Event) uint8 { return uint8(e.Category) }),
		names(ingest.FieldVerdict, func(e *ingest.Event) uint8 { return uint8(e.Verdict) }),
		flag(ingest.FieldVerified),
		logPartition(func(r *eventRow) ingest.Position { return r.where }),
		logOffset(func(r *eventRow) ingest.Position { return r.where }),
	},
}

// contract is the contract's entry of a field, from which a column takes its name and help.
func contract(f ingest.Fields) ingest.Field { return ingest.Schema()[bits.TrailingZeros32(uint32(f))] }

// given is a Nullable column of a field that the record may lack.
func given[N any](f ingest.Fields, kind string, get func(*ingest.Event) N) column {
	field := contract(f)
	return maybe(field.Name, kind, field.Help+"; NULL where not given",
		func(r *eventRow) (N, bool) { return get(&r.ev), r.ev.Has.Any(f) })
}

// flag is a Nullable column of a boolean field.
func flag(f ingest.Fields) column {
	return given(f, "Bool", func(e *ingest.Event) bool { return e.True.Any(f) })
}

// names is a column of the contract's names of a field's values.
func names(f ingest.Fields, get func(*ingest.Event) uint8) column {
	field := contract(f)
	return enum(field.Name, field.Names, field.Help+"; '' where not given", func(r *eventRow) uint8 { return get(&r.ev) })
}

// code is a column of a field's short text.
func code(f ingest.Fields, get func(*ingest.Event) string) column {
	field := contract(f)
	return value(field.Name, "String", field.Help+"; empty where not given", func(r *eventRow) string {
		if !r.ev.Has.Any(f) {
			return ""
		}
		return get(&r.ev)
	})
}

// logPartition and logOffset are the columns of a row's place in the account topic. They make its key unique, so that
// a row which is inserted again replaces itself.
func logPartition[R any](get func(*R) ingest.Position) column {
	return value("log_partition", "Int32", "partition of the account topic that the row comes from; after a re-partitioning, counted on from those of the topic before",
		func(r *R) int32 { return get(r).Partition })
}

func logOffset[R any](get func(*R) ingest.Position) column {
	return value("log_offset", "Int64", "offset in that partition", func(r *R) int64 { return get(r).Offset }).rising()
}

// pseudonym is an id's digits; nothing for an absent one.
func pseudonym(id ingest.SubjectID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// day is the date of a Unix day.
func day(unix uint16) time.Time { return time.Unix(int64(unix)*86400, 0).UTC() }
