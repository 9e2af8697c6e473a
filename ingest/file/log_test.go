package file

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest"
)

// What a handler appends while the log drains comes after what waited before it, and is handed over too.
func TestLogOrder(t *testing.T) {
	ctx := context.Background()
	l := NewLog("account", 2)
	var got []string
	for p := range 2 {
		l.Attach(p, handle(func(b ingest.Batch) error {
			r := b.Records[0]
			got = append(got, fmt.Sprintf("%d/%d=%s", p, r.Offset, r.Value))
			if string(r.Value) == "a" {
				if err := l.Append(ctx, 1-p, [][]byte{[]byte("stamp")}); err != nil {
					return err
				}
				return l.Drain(ctx)
			}
			return nil
		}))
	}
	values := [][]byte{[]byte("a"), []byte("b")}
	if err := l.Append(ctx, 0, values); err != nil {
		t.Fatal(err)
	}
	values[1][0] = 'x'
	if err := l.Append(ctx, 1, [][]byte{[]byte("c")}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Drain(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if want := "0/0=a 0/1=b 1/0=c 1/1=stamp"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
	if want := (ingest.Partition{Topic: "account", ID: 1, Count: 2}); l.Partition(1) != want || l.Partitions() != 2 {
		t.Errorf("%+v", l.Partition(1))
	}
}

func TestLogResumes(t *testing.T) {
	ctx := context.Background()
	l := NewLog("account", 1)
	h := &seen{from: 2}
	l.Attach(0, h)
	for _, v := range []string{"a", "b", "c"} {
		if err := l.Append(ctx, 0, [][]byte{[]byte(v)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Drain(ctx); err != nil || h.text.String() != "2:c | " || h.next != 3 {
		t.Errorf("%v: %q", err, h.text.String())
	}
}

func TestLogWithoutHandler(t *testing.T) {
	l := NewLog("account", 1)
	if err := l.Append(context.Background(), 0, [][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	if err := l.Drain(context.Background()); err == nil {
		t.Error("a record was handed to nobody")
	}
}

func TestLogAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	l := NewLog("account", 2)
	for p := range 2 {
		l.Attach(p, handle(func(ingest.Batch) error { return nil }))
	}
	values := [][]byte{make([]byte, 150), make([]byte, 150)}
	if n := testing.AllocsPerRun(1000, func() {
		for p := range 2 {
			if l.Append(ctx, p, values) != nil || l.Drain(ctx) != nil {
				t.Error("an append or drain went wrong")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLetters(t *testing.T) {
	var out bytes.Buffer
	var letters ingest.Letters = NewLetters(&out)
	if err := letters.Bury(context.Background(), []ingest.DeadLetter{
		ingest.NewDeadLetter(ingest.Partition{Topic: "raw"}, &ingest.Record{Offset: 3, Size: 500}, ingest.RefusedEscape),
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), `{"topic":"raw","partition":0,"offset":3,"reason":"escape","size_log2":8}`+"\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Several goroutines may bury at once: the writer gets one line after the other.
func TestLettersAtOnce(t *testing.T) {
	var out slow
	letters := NewLetters(&out)
	var burying sync.WaitGroup
	for p := range 4 {
		burying.Go(func() {
			for range 5 {
				l := ingest.NewDeadLetter(ingest.Partition{Topic: "account", ID: p}, &ingest.Record{Size: 500}, ingest.RefusedEscape)
				if err := letters.Bury(context.Background(), []ingest.DeadLetter{l}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	burying.Wait()
	if n := strings.Count(out.text.String(), "\n"); n != 20 || out.together.Load() {
		t.Errorf("%d lines of 20; two at once: %v", n, out.together.Load())
	}
}

// slow is a writer that takes its time and sees whether it is called again meanwhile.
type slow struct {
	inside   atomic.Int32
	together atomic.Bool
	text     strings.Builder
}

func (s *slow) Write(b []byte) (int, error) {
	if s.inside.Add(1) > 1 {
		s.together.Store(true)
		return len(b), nil
	}
	defer s.inside.Add(-1)
	time.Sleep(time.Millisecond)
	return s.text.Write(b)
}
