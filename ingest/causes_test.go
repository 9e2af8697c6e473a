package ingest

import (
	"bytes"
	"testing"
)

// TestCausesDropWhatWasSentAgain replays a tail of causes, as a source does after a crash.
func TestCausesDropWhatWasSentAgain(t *testing.T) {
	s := Causes{}
	cause := func(partition int32, offset int64, number int32) *Cause {
		return &Cause{Origin: OriginRaw, Partition: partition, Offset: offset, Number: number}
	}
	for _, c := range []*Cause{cause(0, 5, 0), cause(0, 5, 1), cause(0, 9, 0), cause(1, 2, 0)} {
		if !s.Fresh(c) {
			t.Errorf("%+v is new and was dropped", *c)
		}
	}
	var b bytes.Buffer
	if err := s.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(b.Bytes())
	b.WriteString("rest")
	restored := Causes{}
	if err := restored.Restore(&b); err != nil || b.String() != "rest" {
		t.Fatalf("%v, left %q", err, b.String())
	}
	for _, c := range []*Cause{cause(0, 5, 0), cause(0, 5, 1), cause(0, 9, 0), cause(1, 2, 0), cause(1, 1, 7)} {
		if restored.Fresh(c) {
			t.Errorf("%+v was sent again and counted", *c)
		}
	}
	again := cause(0, 0, 0)
	again.Incarnation = 1
	if !restored.Fresh(again) || !restored.Fresh(cause(0, 9, 1)) {
		t.Error("a topic created again, or what comes next, was dropped")
	}
	for cut := range whole {
		if (Causes{}).Restore(bytes.NewReader(whole[:cut])) == nil {
			t.Errorf("a snapshot cut to %d of %d bytes was taken", cut, len(whole))
		}
	}
	if (Causes{}).Restore(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff})) == nil {
		t.Error("a snapshot of 4 billion sources was taken")
	}
}
