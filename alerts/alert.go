package alerts

import "github.com/unopened/unopened/ingest"

// Severity is the band that a score falls into. An alert opens at High, the action threshold.
type Severity uint8

// The severities.
const (
	None Severity = iota
	Low
	Medium
	High
	Critical
)

// SeverityNames are the severities' names in the contract, indexed by Severity.
var SeverityNames = [...]string{"none", "low", "medium", "high", "critical"}

// String returns the severity's name in the contract.
func (s Severity) String() string { return SeverityNames[s] }

// Type is what an alert tells.
type Type string

// The types of alert.
const (
	Opened  Type = "alert.opened"
	Updated Type = "alert.updated"
	Closed  Type = "alert.closed"
)

// Alert is what a person is asked to look at, in the contract's form: the body of a webhook, a line of a file.
type Alert struct {
	ID       string       `json:"id"` // 32 hexadecimal digits: a keyed hash of tenant, harm, account and the opening event's id
	Type     Type         `json:"type"`
	At       int64        `json:"at"` // event time, Unix milliseconds
	Account  string       `json:"account"`
	Harm     string       `json:"harm"`
	Severity string       `json:"severity"`
	Score    float64      `json:"score"`
	P        *float64     `json:"p,omitempty"` // absent until the model is calibrated
	Episode  int          `json:"episode"`     // from 1, counted for each account and harm
	Reasons  []ReasonLine `json:"reasons"`
	Model    string       `json:"model"`
	Links    Links        `json:"links"`
}

// Links are addresses where an alert can be looked at.
type Links struct {
	Console string `json:"console,omitempty"`
}

// Candidate is an alert as a shard proposes it to the desk, by way of the alert topic.
type Candidate struct {
	Alert
	Sequence int          `json:"sequence"` // from 0 within the alert's id: opened, then updates, then closed
	Cause    ingest.Cause `json:"cause"`
}
