package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// watchLine is what an entry changed.
type watchLine struct {
	At      int64    `json:"at"` // event time, Unix milliseconds
	ID      string   `json:"id"` // of the event
	Event   string   `json:"event"`
	Side    string   `json:"side,omitempty"` // acted, received or control; none where a stamp came
	Changes []change `json:"changes"`
}

// change is that of a feature since it was last told.
type change struct {
	Feature string   `json:"feature"`
	Old     *float32 `json:"old"` // null where unknown
	New     *float32 `json:"new"`
	text    string
}

// tell writes a line if a feature has changed by what can be seen. Each line is one write.
func (w *follower) tell(e *ingest.Entry) {
	line := watchLine{At: e.Event.At, ID: e.Event.ID.String(), Event: e.Event.Type.String(), Side: e.Event.Side.String()}
	if e.Kind == ingest.EntryStamp {
		line = watchLine{At: e.Stamp.At, ID: e.Stamp.Event.String(), Event: "stamp"}
	}
	for i, place := range w.chosen {
		d := &features.Catalogue[place]
		before, now := valueText(d, w.told[i]), valueText(d, w.vector.X[place])
		if before == now {
			continue
		}
		line.Changes = append(line.Changes, change{d.Name, known(w.told[i]), known(w.vector.X[place]), d.Name + " " + before + " -> " + now})
		w.told[i] = w.vector.X[place]
	}
	if len(line.Changes) == 0 {
		return
	}
	if w.asJSON {
		w.err = json.NewEncoder(w.out).Encode(&line)
	} else {
		_, w.err = io.WriteString(w.out, line.String())
	}
	if w.err != nil {
		w.watch = false
		w.stop()
	}
}

// String is the line for people.
func (l *watchLine) String() string {
	changes := make([]string, len(l.Changes))
	for i := range changes {
		changes[i] = l.Changes[i].text
	}
	return fmt.Sprintf("%s  %s  %s\n", moment(l.At), strings.TrimSpace(l.Event+" "+l.Side), strings.Join(changes, ", "))
}

// known is a value, nil where it is unknown.
func known(x float32) *float32 {
	if x != x {
		return nil
	}
	return &x
}

// valueText writes a value with the decimals of its feature's sentence.
func valueText(d *features.Def, x float32) string {
	if x != x {
		return "unknown"
	}
	text := fmt.Sprintf(decimals.FindString(d.Reason), x)
	if strings.Trim(text, "-0.") == "" { // a value just below 0 is no other than 0
		return strings.TrimPrefix(text, "-")
	}
	return text
}
