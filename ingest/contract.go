package ingest

import (
	"math/bits"
	"slices"
)

// Field is one field of the contract: its name, its bit, and the values that it takes.
type Field struct {
	Name   string
	Bit    Fields
	Value  Value
	Min    int64    // ValueInteger: the least value
	Max    int64    // ValueInteger: the greatest value
	Names  []string // ValueEnum: Names[i] is the name of value i+1
	Enum   string   // ValueEnum and ValueCountry: the name of the enum in the .proto file
	Digits int      // ValueHex: 32 or 16
	Help   string   // one line: what it says
}

// Number is the field's number in Protobuf: its place in the table, from 1. It never changes, so a field is only ever
// added at the end.
func (f *Field) Number() int { return bits.TrailingZeros32(uint32(f.Bit)) + 1 }

// Value is the form of a field's value. No form can carry text of the producer's choice. In Protobuf an enum has its
// numbers, hexadecimal digits are their bytes, and a country is an enum whose number is made of its letters.
type Value uint8

// The forms of value.
const (
	ValueInteger Value = iota + 1 // a plain integer from Min to Max
	ValueEnum                     // one of Names
	ValueHex                      // exactly Digits lower-case hexadecimal digits
	ValueBool                     // true or false
	ValueCountry                  // an assigned ISO 3166-1 alpha-2 code, upper case
)

// Row says what records of one type need and may carry, beside the fields of every record (FieldsAlways).
type Row struct {
	Type  Type
	Kinds []Kind // the kinds of conversation for which the row holds; nil for every kind and none
	Needs Fields
	May   Fields
}

// Sets of fields that stand in several rows.
const (
	// FieldsAlways are in every record.
	FieldsAlways = FieldV | FieldID | FieldType | FieldAt
	// FieldsOfActor tell of the actor (A in CONTRACT.md) and are refused in a record without one.
	FieldsOfActor = FieldDevice | FieldNetwork | FieldCountry | FieldPhoneCountry | FieldClient | FieldActorAge |
		FieldActorCreated
	// FieldsOfTarget tell of the target (T).
	FieldsOfTarget = FieldRelation | FieldSharedGroups | FieldTargetAge | FieldTargetCreated
	// FieldsOfMessage tell of a message (M), FieldsOfCall of a call.
	FieldsOfMessage = FieldMedia | FieldSize | FieldForwards | FieldSessionNew | FieldDisappearing
	FieldsOfCall    = FieldsOfMessage | FieldAnswered | FieldDuration
)

// The bounds of times.
const (
	// Earliest and Latest bound the field "at", in Unix milliseconds: 2000-01-01 and 2100-01-01.
	Earliest = 946_684_800_000
	Latest   = 4_102_444_800_000
	// lastDay is the greatest Unix day, 2100-01-01.
	lastDay = 47_482
)

// fields is the contract's table of fields, in its order: the place of a field is the number of its bit. The decoder,
// the encoders, the import and the printed schemas all read it.
var fields = [...]Field{
	{Name: "v", Bit: FieldV, Value: ValueInteger, Min: 1, Max: 1, Help: "contract version"},
	{Name: "id", Bit: FieldID, Value: ValueHex, Digits: 32, Help: "unique id of the event; a repeat of an id is the same event"},
	{Name: "type", Bit: FieldType, Value: ValueEnum, Names: typeNames, Enum: "Type", Help: "what happened"},
	{Name: "at", Bit: FieldAt, Value: ValueInteger, Min: Earliest, Max: Latest, Help: "when it happened by the messenger's clock, Unix ms"},
	{Name: "actor", Bit: FieldActor, Value: ValueHex, Digits: 32, Help: "pseudonym of who acted; absent under sealed sender"},
	{Name: "target", Bit: FieldTarget, Value: ValueHex, Digits: 32, Help: "pseudonym of the account acted upon"},
	{Name: "conversation", Bit: FieldConversation, Value: ValueHex, Digits: 32, Help: "pseudonym of the conversation"},
	{Name: "kind", Bit: FieldKind, Value: ValueEnum, Names: kindNames, Enum: "Kind", Help: "kind of the conversation"},
	{Name: "members", Bit: FieldMembers, Value: ValueInteger, Max: 1_000_000, Help: "size of the conversation"},
	{Name: "media", Bit: FieldMedia, Value: ValueEnum, Names: mediaNames, Enum: "Media", Help: "class of the attachment"},
	{Name: "size", Bit: FieldSize, Value: ValueInteger, Max: 40, Help: "log2 of the ciphertext's length in bytes"},
	{Name: "forwards", Bit: FieldForwards, Value: ValueInteger, Max: 5, Help: "times forwarded; 5 is five or more"},
	{Name: "session_new", Bit: FieldSessionNew, Value: ValueBool, Help: "the sender opened a new cryptographic session"},
	{Name: "disappearing", Bit: FieldDisappearing, Value: ValueBool, Help: "a disappearing-messages timer is on"},
	{Name: "answered", Bit: FieldAnswered, Value: ValueBool, Help: "the call was answered"},
	{Name: "duration", Bit: FieldDuration, Value: ValueInteger, Max: 20, Help: "log2 of the call's seconds"},
	{Name: "relation", Bit: FieldRelation, Value: ValueEnum, Names: relationNames, Enum: "Relation", Help: "address-book relation of actor and target"},
	{Name: "shared_groups", Bit: FieldSharedGroups, Value: ValueInteger, Max: 1000, Help: "groups that both are in"},
	{Name: "actor_age", Bit: FieldActorAge, Value: ValueEnum, Names: ageNames, Enum: "AgeBand", Help: "age band of the actor; never a birth date"},
	{Name: "target_age", Bit: FieldTargetAge, Value: ValueEnum, Names: ageNames, Enum: "AgeBand", Help: "age band of the target"},
	{Name: "actor_created", Bit: FieldActorCreated, Value: ValueInteger, Max: lastDay, Help: "Unix day of the actor's registration"},
	{Name: "target_created", Bit: FieldTargetCreated, Value: ValueInteger, Max: lastDay, Help: "Unix day of the target's registration"},
	{Name: "device", Bit: FieldDevice, Value: ValueHex, Digits: 16, Help: "keyed hash of the actor's device"},
	{Name: "network", Bit: FieldNetwork, Value: ValueHex, Digits: 16, Help: "keyed hash of the actor's network prefix"},
	{Name: "country", Bit: FieldCountry, Value: ValueCountry, Enum: "Country", Help: "country of the actor's network"},
	{Name: "phone_country", Bit: FieldPhoneCountry, Value: ValueCountry, Enum: "Country", Help: "country of the actor's number"},
	{Name: "client", Bit: FieldClient, Value: ValueEnum, Names: clientNames, Enum: "Client", Help: "kind of client software"},
	{Name: "category", Bit: FieldCategory, Value: ValueEnum, Names: categoryNames, Enum: "Category", Help: "the harm"},
	{Name: "verdict", Bit: FieldVerdict, Value: ValueEnum, Names: verdictNames, Enum: "Verdict", Help: "an analyst's verdict; withdrawn takes the label on this target and category back"},
	{Name: "verified", Bit: FieldVerified, Value: ValueBool, Help: "the messenger checked that the reported message existed"},
}

const (
	actorTarget = FieldActor | FieldTarget
	ofBoth      = FieldsOfActor | FieldsOfTarget
	group       = FieldKind | FieldMembers
)

// rows is the contract's table of types.
var rows = []Row{
	{Type: AccountRegistered, Needs: FieldActor, May: FieldsOfActor},
	{Type: AccountUpdated, Needs: FieldActor, May: FieldsOfActor},
	{Type: AccountDeleted, Needs: FieldActor},
	{Type: Login, Needs: FieldActor, May: FieldsOfActor},
	{Type: LoginFailed, Needs: FieldActor, May: FieldsOfActor},
	{Type: DeviceAdded, Needs: FieldActor, May: FieldsOfActor},
	{Type: Message, Kinds: []Kind{Direct}, Needs: FieldKind | FieldTarget, May: FieldActor | FieldConversation | ofBoth | FieldsOfMessage},
	{Type: Message, Kinds: []Kind{Group, Channel}, Needs: FieldKind | FieldConversation | FieldActor, May: FieldsOfActor | FieldsOfMessage | FieldMembers},
	{Type: Call, Kinds: []Kind{Direct}, Needs: FieldKind | FieldTarget, May: FieldActor | FieldConversation | ofBoth | FieldsOfCall},
	{Type: Call, Kinds: []Kind{Group, Channel}, Needs: FieldKind | FieldConversation | FieldActor, May: FieldsOfActor | FieldsOfCall | FieldMembers},
	{Type: ContactRequest, Needs: actorTarget, May: ofBoth},
	{Type: ContactAccept, Needs: actorTarget, May: ofBoth},
	{Type: ContactDecline, Needs: actorTarget, May: ofBoth},
	{Type: Block, Needs: actorTarget, May: ofBoth},
	{Type: Unblock, Needs: actorTarget, May: ofBoth},
	{Type: Report, Needs: FieldTarget | FieldCategory, May: FieldActor | ofBoth | FieldVerified | FieldConversation},
	{Type: GroupCreate, Needs: FieldActor | FieldConversation, May: FieldsOfActor | group},
	{Type: GroupJoin, Needs: FieldActor | FieldConversation, May: FieldsOfActor | group},
	{Type: GroupLeave, Needs: FieldActor | FieldConversation, May: FieldsOfActor | group},
	{Type: GroupAdd, Needs: actorTarget | FieldConversation, May: ofBoth | group},
	{Type: GroupRemove, Needs: actorTarget | FieldConversation, May: ofBoth | group},
	{Type: ChallengePassed, Needs: FieldActor, May: FieldsOfActor},
	{Type: ChallengeFailed, Needs: FieldActor, May: FieldsOfActor},
	{Type: Label, Needs: FieldTarget | FieldCategory | FieldVerdict, May: FieldActor},
	{Type: Erase, Needs: FieldTarget},
	{Type: Hold, Needs: FieldTarget},
	{Type: Release, Needs: FieldTarget},
	{Type: Object, Needs: FieldTarget},
}

// Schema returns the contract's fields in the order of its table.
func Schema() []Field { return slices.Clone(fields[:]) }

// Rows returns what each type needs and may carry, in the order of the types.
func Rows() []Row { return slices.Clone(rows) }

// fieldOf has the place of each field by its name.
var fieldOf = fieldsByName()

func fieldsByName() map[string]int {
	by := make(map[string]int, len(fields))
	for i := range fields {
		by[fields[i].Name] = i
	}
	return by
}

// ParseField returns the field of the given name, and whether the contract has one.
func ParseField(name string) (Fields, bool) {
	i, ok := fieldOf[name]
	if !ok {
		return 0, false
	}
	return fields[i].Bit, true
}

// Names returns the names of the fields in f, in the contract's order; nil for none.
func (f Fields) Names() []string {
	var names []string
	for ; f != 0; f &= f - 1 {
		if i := bits.TrailingZeros32(uint32(f)); i < len(fields) {
			names = append(names, fields[i].Name)
		}
	}
	return names
}

// rowOf finds the row by type and kind, of which 0 is a record without one; nil where there is none.
var rowOf = rowsByKind()

func rowsByKind() (of [Object + 1][Channel + 1]*Row) {
	for i := range rows {
		r := &rows[i]
		for kind := range of[r.Type] {
			if r.Kinds == nil || slices.Contains(r.Kinds, Kind(kind)) {
				of[r.Type][kind] = r
			}
		}
	}
	return of
}

// May returns the fields that a record like this accepted one may carry: those of its type's row, without what tells of
// an actor where there is none.
func (e *Event) May() Fields {
	r := rowOf[e.Type][e.Kind]
	if r == nil {
		return 0
	}
	may := FieldsAlways | r.Needs | r.May
	if !e.Has.Any(FieldActor) {
		may &^= FieldsOfActor
	}
	return may
}

// check holds the fields that a raw event has against its type's row.
func (e *Event) check() Refusal {
	r := rowOf[e.Type][e.Kind]
	switch {
	case r == nil || !e.Has.All(FieldsAlways|r.Needs): // without a row: no type, or no kind for a type that needs one
		return RefusedMissingField
	case !(FieldsAlways | r.Needs | r.May).All(e.Has), e.Has.Any(FieldsOfActor) && !e.Has.Any(FieldActor):
		return RefusedFieldNotForType
	case e.Has.Any(FieldActor) && e.Subject == e.Peer:
		return RefusedSelf
	}
	return Accepted
}
