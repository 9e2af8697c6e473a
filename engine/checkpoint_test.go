package engine

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// blob is a state of plain bytes.
type blob struct{ data []byte }

func (b *blob) Snapshot(w io.Writer) error { _, err := w.Write(b.data); return err }
func (b *blob) Restore(r io.Reader) (err error) {
	b.data, err = io.ReadAll(r)
	return err
}

// sealedFolder saves two generations, "old" and "new", and returns the folder, the head and the newest file.
func sealedFolder(t *testing.T) (Folder, Head, string) {
	t.Helper()
	f := Folder{t.TempDir()}
	h := Head{Role: "score", Topic: "t", Partition: 3, Partitions: 8}
	for next, text := range []string{"older", "old", "new"} {
		h.Next = int64(next)
		if err := f.Save(&h, []Section{{"a", &blob{[]byte(text)}}, {"b", &blob{make([]byte, 200_000)}}}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := f.generations(&h)
	if err != nil || len(names) != keptGenerations {
		t.Fatalf("%d generations kept (%v), want %d", len(names), err, keptGenerations)
	}
	return f, h, names[1]
}

// load restores into new sections.
func load(f Folder, h Head) (text string, next int64, damaged int, err error) {
	a, b := &blob{}, &blob{}
	h.Next = -1
	_, err = f.Load(&h, []Section{{"a", a}, {"b", b}}, func(string, error) { damaged++ })
	return string(a.data), h.Next, damaged, err
}

func TestCheckpointRestoresTheNewest(t *testing.T) {
	f, h, _ := sealedFolder(t)
	text, next, damaged, err := load(f, h)
	if text != "new" || next != 2 || damaged != 0 || err != nil {
		t.Errorf("loaded %q, next %d, %d damaged, %v", text, next, damaged, err)
	}
}

// TestCheckpointDamageFallsBack flips bits all over the newest file and cuts it: each time the one before is used.
func TestCheckpointDamageFallsBack(t *testing.T) {
	f, h, newest := sealedFolder(t)
	sound, err := os.ReadFile(newest)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(newest, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if text, next, damaged, err := load(f, h); text != "old" || next != 1 || damaged != 1 || err != nil {
			t.Fatalf("%s at %d: loaded %q, next %d, %d damaged, %v", what, at, text, next, damaged, err)
		}
	}
	for i := 0; i < len(sound); i += len(sound)/500 + 1 {
		flipped := append([]byte(nil), sound...)
		flipped[i] ^= 1 << (i % 8)
		check("bit flipped", i, flipped)
		check("cut", i, sound[:i])
	}
}

func TestCheckpointAllDamagedIsAnError(t *testing.T) {
	f, h, _ := sealedFolder(t)
	names, _ := f.generations(&h)
	for _, name := range names {
		if err := os.WriteFile(name, []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, damaged, err := load(f, h); !errors.Is(err, ErrDamaged) || damaged != 2 {
		t.Errorf("%d damaged, %v; want an error rather than a silent start from nothing", damaged, err)
	}
}

// TestCheckpointLeftHalfWritten leaves what a crash before the rename leaves: it is not looked at.
func TestCheckpointLeftHalfWritten(t *testing.T) {
	f, h, newest := sealedFolder(t)
	half := filepath.Join(filepath.Dir(newest), "9999999999999999.ckpt.tmp")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, _, damaged, err := load(f, h); text != "new" || damaged != 0 || err != nil {
		t.Errorf("loaded %q, %d damaged, %v", text, damaged, err)
	}
}

// TestCheckpointOfOtherPartitions refuses a state whose accounts would lie elsewhere now.
func TestCheckpointOfOtherPartitions(t *testing.T) {
	f, h, _ := sealedFolder(t)
	h.Partitions = 16
	if _, _, _, err := load(f, h); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("%v; want an error that tells the partition counts", err)
	}
}

// TestCheckpointOfAnotherLife refuses an offset of a topic that was created again; a log without such ids stops nothing,
// and what it sealed is of the life in which it is opened.
func TestCheckpointOfAnotherLife(t *testing.T) {
	f, h, _ := sealedFolder(t)
	for _, step := range []struct {
		id   string
		fits bool
	}{{"", true}, {"aa", true}, {"aa", true}, {"", true}, {"bb", false}} {
		h.TopicID = step.id
		_, _, _, err := load(f, h)
		if (err == nil) != step.fits || err != nil && !strings.Contains(err.Error(), "created again") {
			t.Errorf("opened as of life %q: %v", step.id, err)
		}
		if step.fits {
			if _, err := f.Load(&h, []Section{{"a", &blob{}}, {"b", &blob{}}}, nil); err != nil {
				t.Fatal(err)
			}
			if err := f.Save(&h, []Section{{"a", &blob{[]byte("new")}}, {"b", &blob{}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
