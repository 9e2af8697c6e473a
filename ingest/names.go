package ingest

// The names of the enums in the contract: the name of value i+1 is at place i, since 0 is none; only sides have a name
// for 0. The numbers are written to logs and checkpoints, so a name is only ever added at the end.
var (
	typeNames = []string{
		"account_registered", "account_updated", "account_deleted", "login", "login_failed", "device_added",
		"message", "call", "contact_request", "contact_accept", "contact_decline", "block", "unblock", "report",
		"group_create", "group_join", "group_leave", "group_add", "group_remove", "challenge_passed",
		"challenge_failed", "label", "erase", "hold", "release", "object",
	}
	kindNames     = []string{"direct", "group", "channel"}
	mediaNames    = []string{"none", "image", "video", "audio", "file", "sticker", "location", "contact", "unknown"}
	relationNames = []string{"stranger", "one_way", "mutual"}
	ageNames      = []string{"u13", "13_15", "16_17", "18_24", "25_34", "35_49", "50_up"}
	clientNames   = []string{"ios", "android", "web", "desktop", "bot", "unknown"}
	categoryNames = []string{"spam", "scam", "grooming", "harassment", "sybil", "takeover", "other"}
	verdictNames  = []string{"abusive", "benign", "withdrawn"}
	sideNames     = []string{"raw", "acted", "received", "device", "network", "control"}
)

// String returns the contract's name of the type, and "" for none.
func (t Type) String() string { return nameOf(typeNames, uint8(t)) }

// String returns the contract's name of the kind, and "" where it was not given.
func (k Kind) String() string { return nameOf(kindNames, uint8(k)) }

// String returns the contract's name of the class of attachment, and "" where it was not given.
func (m Media) String() string { return nameOf(mediaNames, uint8(m)) }

// String returns the contract's name of the relation, and "" where it was not given.
func (r Relation) String() string { return nameOf(relationNames, uint8(r)) }

// String returns the contract's name of the age band, and "" where it was not given.
func (a AgeBand) String() string { return nameOf(ageNames, uint8(a)) }

// String returns the contract's name of the client, and "" where it was not given.
func (c Client) String() string { return nameOf(clientNames, uint8(c)) }

// String returns the contract's name of the category, and "" for none.
func (c Category) String() string { return nameOf(categoryNames, uint8(c)) }

// String returns the contract's name of the verdict, and "" for none.
func (v LabelVerdict) String() string { return nameOf(verdictNames, uint8(v)) }

// String returns the name of the side, and "raw" before Split.
func (s Side) String() string { return nameOf(sideNames, uint8(s)+1) }

// nameOf returns the name of value v, and "" where v is none or beyond the last.
func nameOf(names []string, v uint8) string {
	if v == 0 || int(v) > len(names) {
		return ""
	}
	return names[v-1]
}
