package alerts

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"

	"github.com/unopened/unopened/ingest"
)

// told is a candidate log's line: alert id, type, hour, partition and offset.
func told(id string, t Type, hours float64, partition int32, offset int64) Candidate {
	c := Candidate{Alert: Alert{ID: id, Type: t, At: start + int64(hours*hour), Account: "account of " + id, Reasons: []ReasonLine{}}}
	if t != Opened {
		c.Sequence = 1
	}
	c.Cause = ingest.Cause{Origin: ingest.OriginAccount, Partition: partition, Offset: offset, Number: 1}
	return c
}

// newDesk returns a desk with a budget whose endpoint "all" gets everything and "people" what is in the budget.
func newDesk(t *testing.T, budget int, all, people Sink) *Desk {
	t.Helper()
	cfg := DefaultConfig()
	cfg.DailyBudget = budget
	d, err := NewDesk(cfg, []Endpoint{
		{Name: "all", Sink: all, Batch: 3, Suppressed: true, Patient: true},
		{Name: "people", Sink: people},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.jitter = exactly
	return d
}

// candidateLog has two shards' candidates, three days and more than one alert a day. start is at 10:40 UTC.
var candidateLog = []Candidate{
	told("a", Opened, 0, 0, 10),
	told("b", Opened, 1, 1, 5),
	told("c", Opened, 2, 0, 11), // over a budget of 2
	told("c", Updated, 3, 0, 12),
	told("b", Updated, 4, 1, 6),
	told("d", Opened, 20, 1, 7), // the next day
	told("c", Closed, 40, 0, 13),
	told("e", Opened, 50, 0, 14),
	told("e2", Opened, 50, 0, 15),
	told("f", Opened, 51, 1, 8), // over
	told("a", Closed, 52, 0, 16),
	told("g", Opened, 5, 1, 9), // late, on the first day: over
}

func TestDailyBudget(t *testing.T) {
	d := newDesk(t, 2, nothing, nothing)
	got := ""
	for i := range candidateLog {
		delivery, ok := d.Apply(&candidateLog[i])
		if !ok {
			t.Errorf("candidate %d was dropped", i)
		}
		if delivery.Suppressed {
			got += fmt.Sprint(delivery.Alert.ID, " ", delivery.Type, "; ")
		}
	}
	if want := "c alert.opened; c alert.updated; c alert.closed; f alert.opened; g alert.opened; "; got != want {
		t.Errorf("suppressed %s, want %s", got, want)
	}
	if len(d.suppressed) != 2 {
		t.Errorf("%d ids are remembered as suppressed; c is closed", len(d.suppressed))
	}
	if c := d.Counts(); c[0].Pending != 12 || c[1].Pending != 7 {
		t.Errorf("counts %+v", c)
	}
	unlimited := newDesk(t, 0, nothing, nothing)
	for i := range candidateLog {
		if delivery, _ := unlimited.Apply(&candidateLog[i]); delivery.Suppressed {
			t.Errorf("candidate %d was suppressed without a budget", i)
		}
	}
}

// A shard that was killed writes again what it wrote after its checkpoint: the desk takes each candidate once.
func TestWhatIsWrittenAgainIsDropped(t *testing.T) {
	d := newDesk(t, 2, nothing, nothing)
	var first []Delivery
	for i := range candidateLog {
		delivery, _ := d.Apply(&candidateLog[i])
		first = append(first, delivery)
		for j := range i + 1 {
			if _, ok := d.Apply(&candidateLog[j]); ok {
				t.Fatalf("candidate %d was taken again after %d", j, i)
			}
		}
	}
	again := newDesk(t, 2, nothing, nothing)
	for i := range candidateLog {
		if delivery, _ := again.Apply(&candidateLog[i]); !reflect.DeepEqual(delivery, first[i]) {
			t.Errorf("candidate %d gives %+v, then %+v", i, first[i], delivery)
		}
	}
	born := candidateLog[0]
	born.Cause.Incarnation = 1
	if _, ok := d.Apply(&born); !ok {
		t.Error("a topic that was created again is another source")
	}
	next := candidateLog[0]
	next.Cause.Offset, next.Cause.Number = 16, 2
	if _, ok := d.Apply(&next); !ok {
		t.Error("the second thing that a record caused was dropped")
	}
}

// A desk restarted from its snapshot before any candidate, and reading on from there, ends as one that ran through:
// the same deliveries at the sinks, and the same snapshot.
func TestDeskRestartAtEachStepChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(cut int) (string, []byte) {
			all, people := &recorder{}, &recorder{}
			d := newDesk(t, 2, all, people)
			for i := range candidateLog {
				if i == cut {
					fresh := newDesk(t, 2, all, people)
					copyState(t, fresh.Restore, d.Snapshot)
					d = fresh
				}
				d.Apply(&candidateLog[i])
			}
			drain(t, d.Outbox)
			var b bytes.Buffer
			if err := d.Snapshot(&b); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(all.ids(), people.ids()), b.Bytes()
		}
		wantIDs, want := run(-1)
		for cut := range candidateLog {
			if ids, snapshot := run(cut); ids != wantIDs || !bytes.Equal(snapshot, want) {
				t.Errorf("restart before candidate %d:\n got %s\n%s\nwant %s\n%s", cut, ids, snapshot, wantIDs, want)
			}
		}
	})
}

func TestDeskRefusesOtherSnapshots(t *testing.T) {
	d := newDesk(t, 2, nothing, nothing)
	const causes = "\x00\x00\x00\x00" // of no source
	if err := d.Restore(bytes.NewBufferString(causes + `{"v":1}`)); err != nil {
		t.Errorf("the control: %v", err)
	}
	for _, text := range []string{"", causes[:3], causes, causes + "{}", causes + `{"v":2}`, causes + `{"v":1`, causes + `{"v":1}{}`, `{"v":1}`} {
		if err := d.Restore(bytes.NewBufferString(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
