package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/unopened/unopened/ingest"
)

// strictly reads JSON that has the fields of v and no other.
func strictly(b []byte, v any) error {
	in := json.NewDecoder(bytes.NewReader(b))
	in.DisallowUnknownFields()
	return in.Decode(v)
}

// forms are the forms in which marks could come out.
func (m *marks) forms() []string {
	id := m.id()
	return []string{m.text, m.hex, string(bytes.ToUpper([]byte(m.hex))), string(id[:]), m.digits}
}

// TestMutatedRecordsLeaveNothing sends 100,000 mutated records through `unopened run --roles split` on a real broker (P02).
// Each is refused for its reason, and nothing of what it planted, its event id included, comes out anywhere. The controls:
// the same records as they were are accepted, and what was planted is found where the producer put it.
func TestMutatedRecordsLeaveNothing(t *testing.T) {
	for i := range encodings {
		t.Run(encodings[i].String(), func(t *testing.T) { refuseAll(t, &encodings[i], 100_000) })
	}
}

func refuseAll(t *testing.T, e *encoding, mutated int) {
	d := deploy(t)
	log, err := os.Create(filepath.Join(d.dir, "run.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // what is missing is seen
	d.cfg.Kafka.Encoding = e.String()
	if err := d.cfg.Save(d.config); err != nil {
		t.Fatal(err)
	}
	d.log = io.MultiWriter(log, os.Stderr)
	rng := rand.New(rand.NewPCG(2, 2026))
	events := happened(recently(600), mutated/5)
	found, parts := newTraces(), make([][]posted, d.cfg.Kafka.Create.RawPartitions)
	add := func(p posted, m *marks) {
		k := rng.IntN(len(parts))
		parts[k] = append(parts[k], p)
		found.plant(m.forms()...)
	}
	for i := range mutated {
		m := newMarks(rng)
		add(e.mutated(*events[i%len(events)], m), m)
	}
	good := mutated / 10
	for i := range good { // a key and one good header are no fault, and are not kept
		m := newMarks(rng)
		add(posted{key: []byte(m.text), value: e.append(nil, events[i]), headers: headers("traceparent", wellFormed)}, m)
	}
	d.post(parts)
	sum := d.finish(d.start("--roles", "split", "--debug"))
	d.conserved(t, &sum, int64(mutated), 0)
	reasons := d.buried(t, parts)
	for _, m := range e.mutations {
		if reasons[m.want.String()] == 0 {
			t.Errorf("nothing was refused for %s", m.want)
		}
	}
	if len(reasons) > 32 || reasons[ingest.RefusedHeader.String()] == 0 {
		t.Errorf("reasons: %v", reasons)
	}
	for _, s := range d.sinks(sum) {
		if n, size := found.look(t, s); n > 0 || size == 0 && s.name != "alert topic" { // which gets nothing from split
			t.Errorf("%s: %d fragments of refused records in %d bytes", s.name, n, size)
		}
	}
	if n, _ := found.look(t, folder("raw topic", d.topicFiles(d.cfg.Kafka.Topics.Raw))); n < mutated {
		t.Errorf("the control finds only %d fragments in the raw topic", n)
	}
	t.Logf("%d mutated records refused for %d reasons, %d others accepted", d.records-sum.Events.Accepted, len(reasons), sum.Events.Accepted)
}

// topicFiles matches the files in which the broker keeps a topic.
func (d *deployment) topicFiles(topic string) string {
	return filepath.Join(d.dir, "kafka", "data", topic+"-*", "*.log")
}

// sinks are the places that every deployment has.
func (d *deployment) sinks(sum accounting) []sink {
	t := d.cfg.Kafka.Topics
	return []sink{
		folder("logs", filepath.Join(d.dir, "*.log")), folder("data folder", d.cfg.Data),
		text("metrics", func() []byte { return d.scraped }),
		text("standard output", func() []byte { b, _ := json.Marshal(sum); return b }),
		folder("account topic", d.topicFiles(t.Account)), folder("dead letters", d.topicFiles(t.Dead)), folder("alert topic", d.topicFiles(t.Alerts)),
	}
}
