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

// unpacked is all that the chunks of a file have.
func unpacked(t *testing.T, file []byte) (all []byte) {
	t.Helper()
	for _, c := range chunksOf(t, file) {
		all = append(all, c.data...)
	}
	return all
}

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
		file, err := fs.ReadFile(os.DirFS(f.Dir), path)
		if err != nil {
			return err
		}
		data := unpacked(t, file)
		if bytes.Contains(data, raw) || bytes.Contains(data, []byte(account)) || bytes.Contains(data, peer[:]) {
			files++
		}
		return nil
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

// A stamp that was on its way when an account was erased brings nothing of it back, be it for the account or from it, after a
// restart either. The controls: a stamp about others, and one of a later hour, for who came anew.
func TestStampsDoNotBringBackTheErased(t *testing.T) {
	const at = int64(1_750_000_000_000)
	gone, other := steadySubject(1), steadySubject(2)
	e := emptyWorld(t).engine(t)
	h, err := e.OpenShard(t.Context(), ingest.Partition{Topic: "account", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := h.(*shard)
	take := func(entry ingest.Entry) (accounts int) {
		s.entry, s.number = &entry, 0
		s.causes = ingest.Causes{}
		s.step(&ingest.Record{})
		for i := range 4 {
			if s.table.Account(steadySubject(i)) != nil {
				accounts |= 1 << i
			}
		}
		return accounts
	}
	side := ingest.Event{Type: ingest.Message, Side: ingest.SideActed, ID: ingest.EventID{1}, Subject: gone, Peer: other, At: at,
		Kind: ingest.Direct, Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldTarget | ingest.FieldKind}
	erase := ingest.Event{Type: ingest.Erase, Side: ingest.SideControl, ID: ingest.EventID{2}, Subject: gone, At: at}
	stamp := func(of, from ingest.SubjectID, at int64) ingest.Entry {
		return ingest.Entry{Kind: ingest.EntryStamp, Stamp: ingest.Stamp{Kind: ingest.StampReport, Subject: of, From: from, At: at}}
	}
	if take(ingest.Entry{Kind: ingest.EntrySide, Event: side}) != 2 || take(ingest.Entry{Kind: ingest.EntryControl, Event: erase}) != 0 {
		t.Fatal("the account did not come, or was not erased: the test shows nothing")
	}
	if was := take(stamp(gone, other, at)) | take(stamp(other, gone, at-hourMs)); was != 0 {
		t.Errorf("accounts %b are back", was)
	}
	var b bytes.Buffer
	if err := s.window.Snapshot(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	s.window = newWindow(s.window.span, s.window.ceiling, [16]byte{})
	if err := s.window.Restore(&b, true, true); err != nil {
		t.Fatal(err)
	}
	if was := take(stamp(gone, other, at)); was != 0 {
		t.Errorf("accounts %b are back after a restart", was)
	}
	if was := take(stamp(other, steadySubject(3), at)); was != 4 {
		t.Errorf("a stamp about others: accounts %b", was)
	}
	if was := take(stamp(gone, other, at+hourMs)); was != 6 {
		t.Errorf("a stamp to who came anew: accounts %b", was)
	}
}
