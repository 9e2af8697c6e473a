package ingest

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// SubjectID is the keyed pseudonym of an account, or the name of a device or a network (see DeviceSubject).
// Account pseudonyms are the first 16 bytes of an HMAC-SHA-256 that the messenger computed; the service never
// holds that key.
type SubjectID [16]byte

// String returns the 32 lower-case hexadecimal digits of the contract.
func (s SubjectID) String() string { return hex.EncodeToString(s[:]) }

// ParseSubject reads the 32 digits of String.
func ParseSubject(text string) (id SubjectID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) || text != strings.ToLower(text) {
		return id, fmt.Errorf("%q is not an account's pseudonym: 32 lower-case hexadecimal digits", text)
	}
	return SubjectID(b), nil
}

// IsZero tells whether the subject is absent, as the sender is under sealed sender.
func (s SubjectID) IsZero() bool { return s == SubjectID{} }

// EventID is the unique id that the messenger gave an event; a repeat of an id is the same event.
type EventID [16]byte

// String returns the 32 lower-case hexadecimal digits of the contract.
func (id EventID) String() string { return hex.EncodeToString(id[:]) }

// Event is a decoded record of the contract, flat: no string, no slice, no pointer.
//
// A raw event (Side == SideRaw) has the actor as Subject and the target as Peer. The sides that Split makes of it
// put the account they concern into Subject; for SideReceived everything of actor and target has changed places
// (Flip), so that Subject, Created, Age and the Field bits named "actor" always speak of the account concerned.
// Optional fields that the record did not carry are zero and their bit in Has is clear.
type Event struct {
	ID           EventID   `field:"id"`
	Subject      SubjectID `field:"actor"`
	Peer         SubjectID `field:"target"` // zero where there is none or the sender is hidden
	Conversation SubjectID `field:"conversation"`
	At           int64     `field:"at"`     // when it happened, Unix milliseconds
	Device       uint64    `field:"device"` // the 16 hexadecimal digits, big endian; the actor's, on either side
	Network      uint64    `field:"network"`
	Has          Fields    // which fields the record carried
	True         Fields    // which of its boolean fields are true
	Members      int32     `field:"members"`
	Created      uint16    `field:"actor_created"` // Unix day of the subject's registration
	PeerCreated  uint16    `field:"target_created"`
	SharedGroups uint16    `field:"shared_groups"`
	Country      [2]byte   `field:"country"`       // of the actor's network
	PhoneCountry [2]byte   `field:"phone_country"` // of the actor's number
	Type         Type      `field:"type"`
	Side         Side
	Kind         Kind         `field:"kind"`
	Media        Media        `field:"media"`
	Size         uint8        `field:"size"` // log2 of the ciphertext's length in bytes
	Forwards     uint8        `field:"forwards"`
	Duration     uint8        `field:"duration"` // log2 of a call's seconds
	Relation     Relation     `field:"relation"`
	Age          AgeBand      `field:"actor_age"` // of the subject
	PeerAge      AgeBand      `field:"target_age"`
	Client       Client       `field:"client"`
	Category     Category     `field:"category"`
	Verdict      LabelVerdict `field:"verdict"`
}

// Flip makes the received side of an event out of its acted side, or the reverse: subject and peer, their days of
// registration, their ages and the bits of these change places.
func (e *Event) Flip() {
	e.Subject, e.Peer = e.Peer, e.Subject
	e.Created, e.PeerCreated = e.PeerCreated, e.Created
	e.Age, e.PeerAge = e.PeerAge, e.Age
	e.Has = e.Has.swap(FieldActor, FieldTarget).swap(FieldActorAge, FieldTargetAge).
		swap(FieldActorCreated, FieldTargetCreated)
}

// Fields is a set of the contract's fields.
type Fields uint32

// The contract's fields, in the order of its table.
const (
	FieldV Fields = 1 << iota
	FieldID
	FieldType
	FieldAt
	FieldActor
	FieldTarget
	FieldConversation
	FieldKind
	FieldMembers
	FieldMedia
	FieldSize
	FieldForwards
	FieldSessionNew
	FieldDisappearing
	FieldAnswered
	FieldDuration
	FieldRelation
	FieldSharedGroups
	FieldActorAge
	FieldTargetAge
	FieldActorCreated
	FieldTargetCreated
	FieldDevice
	FieldNetwork
	FieldCountry
	FieldPhoneCountry
	FieldClient
	FieldCategory
	FieldVerdict
	FieldVerified
)

// Any tells whether f has at least one of the fields of g.
func (f Fields) Any(g Fields) bool { return f&g != 0 }

// All tells whether f has every field of g.
func (f Fields) All(g Fields) bool { return f&g == g }

// swap exchanges the two bits a and b.
func (f Fields) swap(a, b Fields) Fields {
	if f.Any(a) != f.Any(b) {
		f ^= a | b
	}
	return f
}

// Side says whose view of a raw event an event is.
type Side uint8

// The sides of an event.
const (
	SideRaw      Side = iota // the whole record, before Split
	SideActed                // Subject acted
	SideReceived             // Subject was acted upon
	SideDevice               // Subject is the device of a registration, login or new device; Peer is the account
	SideNetwork              // Subject is the network of one; Peer is the account
	SideControl              // a control record on Subject; every partition gets one
)

// Type is what happened. The zero Type is none.
type Type uint8

// The event types of the contract.
const (
	AccountRegistered Type = iota + 1
	AccountUpdated
	AccountDeleted
	Login
	LoginFailed
	DeviceAdded
	Message
	Call
	ContactRequest
	ContactAccept
	ContactDecline
	Block
	Unblock
	Report
	GroupCreate
	GroupJoin
	GroupLeave
	GroupAdd
	GroupRemove
	ChallengePassed
	ChallengeFailed
	Label
	Erase
	Hold
	Release
	Object
)

// Control tells whether a type acts on stored state rather than telling of behaviour.
func (t Type) Control() bool { return t >= Erase && t <= Object }

// Kind is the kind of a conversation; the zero Kind is not given.
type Kind uint8

// The kinds of conversation.
const (
	Direct Kind = iota + 1
	Group
	Channel
)

// Media is the class of an attachment; zero is not given.
type Media uint8

// The classes of attachment.
const (
	MediaNone Media = iota + 1
	MediaImage
	MediaVideo
	MediaAudio
	MediaFile
	MediaSticker
	MediaLocation
	MediaContact
	MediaUnknown
)

// Relation is what the address books say of actor and target; zero is not given.
type Relation uint8

// The relations.
const (
	Stranger Relation = iota + 1
	OneWay
	Mutual
)

// AgeBand is a band of ages; zero is not given. Bands are all the contract has: never a birth date.
type AgeBand uint8

// The age bands, youngest first.
const (
	AgeUnder13 AgeBand = iota + 1
	Age13to15
	Age16to17
	Age18to24
	Age25to34
	Age35to49
	Age50Up
)

// Minor tells whether the band is known and lies below 18.
func (a AgeBand) Minor() bool { return a >= AgeUnder13 && a <= Age16to17 }

// Client is the kind of client software; zero is not given.
type Client uint8

// The clients.
const (
	ClientIOS Client = iota + 1
	ClientAndroid
	ClientWeb
	ClientDesktop
	ClientBot
	ClientUnknown
)

// Category is the harm that a report or label names; zero is none. The first six are the harms that are scored.
type Category uint8

// The categories.
const (
	Spam Category = iota + 1
	Scam
	Grooming
	Harassment
	Sybil
	Takeover
	Other
)

// LabelVerdict is what an analyst decided; zero is none.
type LabelVerdict uint8

// The verdicts of a label. Withdrawn takes the label on this target and category back.
const (
	Abusive LabelVerdict = iota + 1
	Benign
	Withdrawn
)
