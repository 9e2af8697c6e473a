package main

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/unopened/unopened/ingest"
)

// naiveEvent is a record of the contract as a straightforward program reads it: encoding/json into strings, with
// pointers where absence must be seen.
type naiveEvent struct {
	V             int    `json:"v"`
	ID            string `json:"id"`
	Type          string `json:"type"`
	At            int64  `json:"at"`
	Actor         string `json:"actor"`
	Target        string `json:"target"`
	Conversation  string `json:"conversation"`
	Kind          string `json:"kind"`
	Members       *int   `json:"members"`
	Media         string `json:"media"`
	Size          *int   `json:"size"`
	Forwards      *int   `json:"forwards"`
	SessionNew    *bool  `json:"session_new"`
	Disappearing  *bool  `json:"disappearing"`
	Answered      *bool  `json:"answered"`
	Duration      *int   `json:"duration"`
	Relation      string `json:"relation"`
	SharedGroups  *int   `json:"shared_groups"`
	ActorAge      string `json:"actor_age"`
	TargetAge     string `json:"target_age"`
	ActorCreated  *int   `json:"actor_created"`
	TargetCreated *int   `json:"target_created"`
	Device        string `json:"device"`
	Network       string `json:"network"`
	Country       string `json:"country"`
	PhoneCountry  string `json:"phone_country"`
	Client        string `json:"client"`
	Category      string `json:"category"`
	Verdict       string `json:"verdict"`
	Verified      *bool  `json:"verified"`
}

// parseNaive reads a record. It refuses less than the contract asks for: a straightforward build trusts its producer.
func parseNaive(line []byte) (*naiveEvent, error) {
	e := new(naiveEvent)
	if err := json.Unmarshal(line, e); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *naiveEvent) time() time.Time { return time.UnixMilli(e.At).UTC() }

// said tells whether the event is a message or a call.
func (e *naiveEvent) said() bool { return e.Type == "message" || e.Type == "call" }

// outward tells whether the event turns to the target: by a message, a call or a request.
func (e *naiveEvent) outward() bool { return e.said() || e.Type == "contact_request" }

// dealing tells whether the event is one among people: with others or in groups.
func (e *naiveEvent) dealing() bool {
	return e.outward() || slices.Contains([]string{
		"contact_accept", "contact_decline", "block", "unblock", "report",
		"group_create", "group_join", "group_leave", "group_add", "group_remove",
	}, e.Type)
}

// tie tells whether both have a mutual relation or a group in common, and whether the event says so.
func (e *naiveEvent) tie() (tied, known bool) {
	tied = e.Relation == "mutual" || e.SharedGroups != nil && *e.SharedGroups > 0
	return tied, e.Relation != "" || e.SharedGroups != nil
}

// given returns those fields that an answer "not assessable", or a feature "unknown", may hang on.
func (e *naiveEvent) given() (f ingest.Fields) {
	for _, field := range []struct {
		bit   ingest.Fields
		given bool
	}{
		{ingest.FieldActor, true},
		{ingest.FieldTarget, e.Target != ""},
		{ingest.FieldMedia, e.Media != ""},
		{ingest.FieldSize, e.Size != nil},
		{ingest.FieldForwards, e.Forwards != nil},
		{ingest.FieldSessionNew, e.SessionNew != nil},
		{ingest.FieldDisappearing, e.Disappearing != nil},
		{ingest.FieldAnswered, e.Answered != nil},
		{ingest.FieldRelation, e.Relation != ""},
		{ingest.FieldSharedGroups, e.SharedGroups != nil},
		{ingest.FieldActorAge, e.ActorAge != ""},
		{ingest.FieldTargetAge, e.TargetAge != ""},
		{ingest.FieldDevice, e.Device != ""},
		{ingest.FieldNetwork, e.Network != ""},
		{ingest.FieldCountry, e.Country != ""},
		{ingest.FieldPhoneCountry, e.PhoneCountry != ""},
	} {
		if field.given {
			f |= field.bit
		}
	}
	return f
}

var naiveAges = []string{"u13", "13_15", "16_17", "18_24", "25_34", "35_49", "50_up"}

// naiveBand returns the number of an age band, from 1; 0 where it was not given.
func naiveBand(age string) int { return slices.Index(naiveAges, age) + 1 }

func naiveMinor(age string) bool { return age == "u13" || age == "13_15" || age == "16_17" }
