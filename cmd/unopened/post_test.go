package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
)

// posted is a record as a producer of any kind may write it to the raw topic, and what must become of it.
type posted struct {
	key, value []byte
	headers    []kafkago.Header
	want       ingest.Refusal
	how        string // was it spoilt
	event      *ingest.Event
}

// happened returns the events of a simulation, most at most.
func happened(sc simulate.Scenario, most int) (all []*ingest.Event) {
	sc.Hostile, sc.Repeats = 0, 0
	for sim := simulate.New(sc); len(all) < most; {
		_, item, more := sim.Next(nil)
		if !more {
			break
		}
		all = append(all, item.Event)
	}
	return all
}

// post writes records to the partitions of the raw topic, which were empty: so a record's place is its offset.
func (d *deployment) post(parts [][]posted) {
	d.t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(d.cfg.Kafka.Brokers...), Timeout: time.Minute}
	for partition, all := range parts {
		d.records += int64(len(all))
		for some := range slices.Chunk(all, 1000) {
			records := make([]kafkago.Record, len(some))
			for i := range some {
				p := &some[i]
				records[i] = kafkago.Record{Value: kafkago.NewBytes(p.value), Headers: p.headers}
				if p.key != nil {
					records[i].Key = kafkago.NewBytes(p.key)
				}
			}
			answer, err := client.Produce(d.t.Context(), &kafkago.ProduceRequest{
				Topic: d.cfg.Kafka.Topics.Raw, Partition: partition, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...),
			})
			if err == nil {
				err = answer.Error
			}
			if err != nil {
				d.t.Fatalf("posting to partition %d: %v", partition, err)
			}
		}
	}
	if got := int64(d.total(d.cfg.Kafka.Topics.Raw)); got != d.records {
		d.t.Fatalf("%d records were posted, the raw topic has %d", d.records, got)
	}
}

// collector is a handler that keeps the values of a partition.
type collector struct {
	mu    *sync.Mutex
	part  ingest.Partition
	parts [][][]byte
}

func (c *collector) Resume() int64               { return -1 }
func (c *collector) Close(context.Context) error { return nil }

func (c *collector) Handle(_ context.Context, b ingest.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range b.Records {
		if b.Records[i].Poison {
			return errors.New("a record cannot be read")
		}
		c.parts[c.part.ID] = append(c.parts[c.part.ID], slices.Clone(b.Records[i].Value))
	}
	return nil
}

// values are the records' values of each partition of a topic.
func (d *deployment) values(topic string) [][][]byte {
	d.t.Helper()
	count, err := d.cluster.Partitions(d.t.Context(), topic)
	if err != nil {
		d.t.Fatal(err)
	}
	parts, mu := make([][][]byte, count), new(sync.Mutex)
	err = d.cluster.ReadAll(topic).Run(d.t.Context(), func(_ context.Context, p ingest.Partition) (ingest.Handler, error) {
		return &collector{mu, p, parts}, nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return parts
}

// place is where a raw record lies.
type place struct {
	partition int32
	offset    int64
}

// buried holds the dead letters of raw records against what was posted: one for each record that must be refused, with
// its reason, none else. It returns the reasons that there were.
func (d *deployment) buried(t *testing.T, parts [][]posted) map[string]int64 {
	t.Helper()
	letters := make(map[place]string)
	for _, value := range d.values(d.cfg.Kafka.Topics.Dead)[0] {
		var l ingest.DeadLetter
		if err := strictly(value, &l); err != nil {
			t.Fatalf("a dead letter is none: %v", err)
		}
		if l.Topic == d.cfg.Kafka.Topics.Raw {
			letters[place{l.Partition, l.Offset}] = l.Reason
		}
	}
	reasons, wrong := make(map[string]int64), 0
	for partition, all := range parts {
		for offset := range all {
			p := &all[offset]
			got, refused := letters[place{int32(partition), int64(offset)}]
			delete(letters, place{int32(partition), int64(offset)})
			if refused {
				reasons[got]++
			}
			if refused != (p.want != ingest.Accepted) || refused && got != p.want.String() {
				if wrong++; wrong < 10 {
					t.Errorf("spoilt by %q: refused for %q, must be %s", p.how, got, p.want)
				}
			}
		}
	}
	if wrong > 0 || len(letters) > 0 {
		t.Errorf("%d records had another fate than they must; %d dead letters of records that nobody posted", wrong, len(letters))
	}
	return reasons
}

// conserved holds what a run counted, over all its crashes, against what went in (R18): every record is accepted or
// refused, every refusal and late side has one dead letter, every entry of the account topic has one outcome, every side
// was applied. A run without shards has no sides.
func (d *deployment) conserved(t *testing.T, sum *accounting, refused, sides int64) {
	t.Helper()
	counted := int64(0)
	for _, n := range sum.Events.Refused {
		counted += n
	}
	if e := &sum.Events; e.Read != d.records || e.Accepted+counted != e.Read || counted != refused || e.Gaps != 0 {
		t.Errorf("%d records, of which %d must be refused, do not add up: %+v", d.records, refused, *e)
	}
	letters := make(map[ingest.DeadLetter]bool) // a crash writes one again
	for _, value := range d.values(d.cfg.Kafka.Topics.Dead)[0] {
		var l ingest.DeadLetter
		if err := strictly(value, &l); err != nil {
			t.Fatalf("a dead letter is none: %v", err)
		}
		letters[l] = true
	}
	if int64(len(letters)) != refused+sum.Sides.Late {
		t.Errorf("%d dead letters for %d refusals and %d late sides", len(letters), refused, sum.Sides.Late)
	}
	if s := &sum.Sides; s.Applied != sides || len(sum.Unbalanced) > 0 || s.Late+s.Refused+s.Gaps != 0 ||
		sides > 0 && s.Read != int64(d.total(d.cfg.Kafka.Topics.Account)) {
		t.Errorf("%d sides do not add up: %+v", sides, *s)
	}
}
