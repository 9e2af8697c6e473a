package engine

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/ingest"
)

// naming counts the files of checkpoints that hold a pseudonym, as bytes or digits, or as its contacts name it.
func naming(t *testing.T, f *Folder, account string) (files int) {
	t.Helper()
	raw, err := hex.DecodeString(account)
	if err != nil {
		t.Fatal(err)
	}
	peer := [8]byte(raw[:8]) // as contacts name it: a number in the machine's order
	slices.Reverse(peer[:])
	err = fs.WalkDir(os.DirFS(f.Dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(f.Dir), path)
		if bytes.Contains(data, raw) || bytes.Contains(data, []byte(account)) || bytes.Contains(data, peer[:]) {
			files++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestErasedLeavesCheckpoints erases an account that has an alert. The shard seals until no file names it any more, though
// nothing else comes; a shard that starts in between goes on with that. The control is that files named it, and still do
// when the erasure itself is sealed.
func TestErasedLeavesCheckpoints(t *testing.T) {
	w := newWorld(t, 300)
	lines := w.inOrder()
	w.raw, w.accounts = newTopic("raw", 1), newTopic("account", 1)
	w.raw.parts[0] = lines
	folder := &Folder{Dir: t.TempDir()}
	w.vault = folder
	e := w.engine(t)
	open := func() (ingest.Handler, *sealed) {
		t.Helper()
		h, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "account", Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		s := &h.(*shard).sealed
		s.sweeps = sweeps{least: 1 << 16, most: 20, share: 1 << 16}
		return h, s
	}
	splitter, err := e.OpenSplit(t.Context(), ingest.Partition{Topic: "raw", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	h, s := open()
	seal := func() {
		t.Helper()
		if err := s.seal(t.Context(), durable()); err != nil {
			t.Fatal(err)
		}
	}
	raw, next := int64(0), int64(0)
	for raw < int64(len(lines)) {
		raw = w.raw.pump(t, splitter, 0, raw, 300)
		next = w.accounts.pump(t, h, 0, next, 1<<40)
		seal()
	}
	first, ok := alerts.DecodeCandidate(w.candidates.parts[0][0])
	if !ok {
		t.Fatal("nobody has an alert")
	}
	account := first.Account
	if naming(t, folder, account) == 0 {
		t.Fatal("no file names the account before it is erased")
	}
	w.raw.parts[0] = append(w.raw.parts[0], fmt.Appendf(nil, `{"v":1,"id":"%032x","type":"erase","at":%d,"target":"%s"}`, 1, first.At, account))
	w.raw.pump(t, splitter, 0, raw, 1)
	w.accounts.pump(t, h, 0, next, 1<<40)
	seal()
	if naming(t, folder, account) == 0 {
		t.Error("the control: no file names the account although only the erasure was sealed")
	}
	seals := 0
	for ; s.renew > 0 && seals < 200; seals++ {
		if seals == 5 {
			_, s = open()
		}
		seal()
	}
	if n := naming(t, folder, account); seals < 6 || n > 0 || s.renew > 0 {
		t.Errorf("after %d more seals %d files name the account, %d sweeps to come", seals, n, s.renew)
	}
	before := s.head.Generation
	if seal(); s.head.Generation != before {
		t.Error("a shard to which nothing comes goes on sealing")
	}
	if _, s = open(); s.renew > 0 || naming(t, folder, account) > 0 {
		t.Error("it came back")
	}
}
