package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// besides are the reasons that no bytes of a raw record can give: they come of the log or of what was read before.
var besides = map[ingest.Refusal]bool{ingest.Accepted: true, ingest.RefusedLate: true, ingest.RefusedPoison: true, ingest.RefusedEntry: true}

// TestHostileRecordsChangeNothing sends as many hostile records as good ones, mixed, through `unopened run` on a real broker
// and ClickHouse (S10): each hostile one has one dead letter with its reason, the process is one from beginning to end, and
// the good ones come to the shards and are scored as if they were alone. Short form: 50,000 of each instead of a million.
func TestHostileRecordsChangeNothing(t *testing.T) {
	count, accounts := 50_000, 750
	if os.Getenv("UNOPENED_SOAK") != "" {
		count, accounts = 1_000_000, 15_000
	}
	d := deploy(t)
	events := happened(recently(accounts), count)
	if len(events) < count {
		t.Fatalf("the simulation has only %d events", len(events))
	}
	parts := mix(events, rand.New(rand.NewPCG(10, 2026)), d.cfg.Kafka.Create.RawPartitions)
	d.post(parts)
	want := sidesOf(parts, d.cfg.Kafka.Create.AccountPartitions)
	cmd, out := d.start()
	sum := d.finish(cmd, out)
	reasons := d.buried(t, parts)
	for r := ingest.Refusal(0); r < ingest.RefusalCount; r++ {
		if (reasons[r.String()] == 0) != besides[r] {
			t.Errorf("%d records were refused for %s", reasons[r.String()], r)
		}
	}
	d.conserved(t, &sum, int64(count), int64(len(want)))
	got := entries(t, d.values(d.cfg.Kafka.Topics.Account))
	if !maps.Equal(got, want) {
		t.Errorf("%d sides in the account topic, %d of the good records, and they differ", len(got), len(want))
	}
	clean, verdicts, told := d.replayed()
	if clean.StateHash != sum.StateHash || !maps.Equal(d.stored(), keys(t, verdicts)) || len(told) != len(d.mailbox.bodies) {
		t.Errorf("state hash %s and %s, %d alerts and %d", sum.StateHash, clean.StateHash, len(told), len(d.mailbox.bodies))
	}
	t.Logf("%d good and %d hostile records, %d reasons, %d sides, %d alerts", count, count, len(reasons), len(want), len(told))
	aloneAndMixed(t, d, parts, events)
}

// mix puts a hostile record, made of another event, behind each good one. What an account does stays in one partition.
func mix(events []*ingest.Event, rng *rand.Rand, partitions int) [][]posted {
	parts := make([][]posted, partitions)
	for _, ev := range events {
		k := ingest.PartitionOf(ev.Subject, partitions)
		bad := encodings[0].mutated(*events[rng.IntN(len(events))], newMarks(rng))
		parts[k] = append(parts[k], posted{value: ingest.AppendJSON(nil, ev), event: ev})
		parts[k] = append(parts[k], bad)
	}
	return parts
}

// sideKey is a side with the raw record that it must come of.
type sideKey struct {
	cause ingest.Cause
	event ingest.Event
}

// sidesOf are the sides of what is good among the records, in the places that the records have.
func sidesOf(parts [][]posted, partitions int) map[sideKey]bool {
	all := make(map[sideKey]bool)
	for partition, records := range parts {
		for offset := range records {
			if ev := records[offset].event; ev != nil {
				cause := ingest.Cause{Origin: ingest.OriginRaw, Partition: int32(partition), Offset: int64(offset)}
				for _, r := range ingest.Split(nil, ev, cause, partitions) {
					all[sideKey{r.Entry.Cause, r.Entry.Event}] = true
				}
			}
		}
	}
	return all
}

// entries are the sides in the account topic, stamps left out. One that was written again is there once.
func entries(t *testing.T, parts [][][]byte) map[sideKey]bool {
	t.Helper()
	all := make(map[sideKey]bool)
	var e ingest.Entry
	for _, values := range parts {
		for _, value := range values {
			if err := ingest.DecodeEntry(&e, value); err != nil {
				t.Fatal(err)
			}
			if e.Kind == ingest.EntryStamp {
				continue
			}
			all[sideKey{e.Cause, e.Event}] = true
		}
	}
	return all
}

// aloneAndMixed replays the good records from a file alone, then among the hostile ones: state, verdicts and alerts are
// the same. Left out are hostile records whose fault no file can have: headers, a time before the event's, a line end. The
// control, a good record less, has another state.
func aloneAndMixed(t *testing.T, d *deployment, parts [][]posted, events []*ingest.Event) {
	t.Helper()
	var alone, mixed bytes.Buffer
	scattered, next := int64(0), make([]int, len(parts))
	for _, ev := range events { // in their order, each with the hostile record behind it
		k := ingest.PartitionOf(ev.Subject, len(parts))
		good, bad := &parts[k][next[k]], &parts[k][next[k]+1]
		next[k] += 2
		alone.Write(append(good.value, '\n'))
		mixed.Write(append(good.value, '\n'))
		if bad.headers == nil && bad.want != ingest.RefusedFuture && !bytes.ContainsAny(bad.value, "\n") {
			mixed.Write(append(bad.value, '\n'))
			scattered++
		}
	}
	want, found, told := d.replayedFile(t, "alone", alone.Bytes())
	sum, verdicts, alerts := d.replayedFile(t, "mixed", mixed.Bytes())
	if sum.StateHash != want.StateHash || !bytes.Equal(verdicts, found) || !bytes.Equal(alerts, told) || len(told) == 0 {
		t.Errorf("among hostile records: state hash %s, alone %s; %d bytes of verdicts and %d, %d of alerts and %d",
			sum.StateHash, want.StateHash, len(verdicts), len(found), len(alerts), len(told))
	}
	if sum.Sides != want.Sides || sum.Events.Accepted != int64(len(events)) || sum.Events.Read-sum.Events.Accepted != scattered {
		t.Errorf("%d hostile: %+v, alone %+v", scattered, sum, want)
	}
	less := bytes.TrimSuffix(alone.Bytes(), append(ingest.AppendJSON(nil, events[len(events)-1]), '\n'))
	if control, _, _ := d.replayedFile(t, "less", less); control.StateHash == want.StateHash {
		t.Error("the control, a good record less, has the same state")
	}
}

// replayedFile replays records from a file.
func (d *deployment) replayedFile(t *testing.T, name string, records []byte) (sum accounting, verdicts, alerts []byte) {
	t.Helper()
	in, v, a := d.write(name+".jsonl", string(records)), filepath.Join(d.dir, name+".verdicts"), filepath.Join(d.dir, name+".alerts")
	out := ok(t, "replay", "--json", "--verdicts", v, "--alerts", a, in)
	if err := json.Unmarshal([]byte(out), &sum); err != nil {
		t.Fatal(err)
	}
	verdicts, err := os.ReadFile(v)
	if err == nil {
		alerts, err = os.ReadFile(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sum, verdicts, alerts
}
