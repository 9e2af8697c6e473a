package engine

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestFrozenOwnerCannotSeal: one that held the partition and was frozen finds itself fenced, also where it seals at the
// moment between the other's reading and claiming.
func TestFrozenOwnerCannotSeal(t *testing.T) { testFrozenOwner(t, &Folder{Dir: t.TempDir()}) }

func testFrozenOwner(t *testing.T, f Vault) {
	frozen := hold(t, f)
	if err := frozen.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	owner := hold(t, f)
	if err := frozen.sealAt(t, 300); !errors.Is(err, ErrFenced) {
		t.Fatalf("the frozen one sealed: %v", err)
	}
	if err := owner.sealAt(t, 200); err != nil {
		t.Fatalf("the owner cannot seal: %v", err)
	}
	between := &between{Vault: f}
	between.meanwhile = func() {
		if err := owner.sealAt(t, 400); err != nil {
			t.Fatal(err)
		}
	}
	late := hold(t, between)
	if late.next != 400 || !slices.Equal(late.journal.values, stateAt(400)) {
		t.Errorf("taken over at %d, want what was sealed meanwhile", late.next)
	}
	if err := owner.sealAt(t, 500); !errors.Is(err, ErrFenced) {
		t.Errorf("the owner before sealed: %v", err)
	}
	if err := late.sealAt(t, 600); err != nil {
		t.Error(err)
	}
}

// between is a vault in which somebody else acts just before the first file is put.
type between struct {
	Vault
	meanwhile func()
}

func (b *between) Put(ctx context.Context, name string, data []byte) error {
	if do := b.meanwhile; do != nil {
		b.meanwhile = nil
		do()
	}
	return b.Vault.Put(ctx, name, data)
}

// TestWithoutFenceTheFrozenOneSeals is the control: where a name can be overwritten, the frozen owner's state becomes
// the newest.
func TestWithoutFenceTheFrozenOneSeals(t *testing.T) {
	f := &overwriting{Folder{Dir: t.TempDir()}}
	frozen := hold(t, f)
	if err := frozen.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	hold(t, f)
	if err := frozen.sealAt(t, 300); err != nil {
		t.Fatal(err)
	}
	if next := hold(t, f).next; next != 300 {
		t.Errorf("the state stands at %d: nothing needed the fence", next)
	}
}

type overwriting struct{ Folder }

func (o *overwriting) Put(ctx context.Context, name string, data []byte) error {
	if err := o.Remove(ctx, name); err != nil {
		return err
	}
	return o.Folder.Put(ctx, name, data)
}

// TestLostAnswerIsNoFence: a file that is there already with the same bytes is ours, put by an attempt whose answer did
// not come.
func TestLostAnswerIsNoFence(t *testing.T) {
	f := &forgetful{Folder{Dir: t.TempDir()}}
	h := hold(t, f)
	if err := h.sealAt(t, 100); err != nil {
		t.Fatal(err)
	}
	if hold(t, f).next != 100 {
		t.Error("nothing was sealed")
	}
}

// forgetful stores and says that it could not.
type forgetful struct{ Folder }

func (f *forgetful) Put(ctx context.Context, name string, data []byte) error {
	if err := f.Folder.Put(ctx, name, data); err != nil {
		return err
	}
	return errors.New("the answer was lost")
}
