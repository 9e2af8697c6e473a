package ingest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPseudonym(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("accountalice"))
	want := fmt.Sprintf("%x", mac.Sum(nil)[:16])
	p := NewPseudonymiser(key)
	p.ID(DomainDevice, "something before")
	if got := p.ID(DomainAccount, "alice").String(); got != want {
		t.Errorf("pseudonym %s, want %s", got, want)
	}
	if got := fmt.Sprintf("%016x", p.Hash(DomainAccount, "alice")); got != want[:16] {
		t.Errorf("short pseudonym %s, want %s", got, want[:16])
	}
	other := NewPseudonymiser([]byte("another key of thirty-two bytes!"))
	if other.ID(DomainAccount, "alice").String() == want || p.ID(DomainDevice, "alice").String() == want {
		t.Error("key or domain makes no difference")
	}
	if n := testing.AllocsPerRun(1000, func() { p.ID(DomainAccount, "alice") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDomainsArePrefixFree(t *testing.T) {
	all := []Domain{DomainAccount, DomainConversation, DomainDevice, DomainNetwork, DomainEvent}
	for _, a := range all {
		for _, b := range all {
			if a != b && strings.HasPrefix(string(a), string(b)) {
				t.Errorf("%q begins with %q", a, b)
			}
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	key := NewKey()
	if err := WriteKey(path, key); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadKey(path); err != nil || !bytes.Equal(got, key) {
		t.Errorf("read back %d bytes: %v", len(got), err)
	}
	if err := WriteKey(path, NewKey()); err == nil {
		t.Error("a key file was overwritten")
	}
	if bytes.Equal(key, NewKey()) || len(key) != 32 {
		t.Error("keys are not fresh")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key file that the group may read: %v", err)
	}
	if _, err := ReadKey(filepath.Dir(path)); err == nil {
		t.Error("a folder was read as a key")
	}
}

func TestParseKey(t *testing.T) {
	digits := strings.Repeat("0a", 32)
	for _, test := range []struct {
		raw  string
		want int // bytes of key; 0 for an error
	}{
		{digits, 32},
		{digits + "\n", 32},
		{strings.ToUpper(digits) + "\r\n", 32},
		{digits[:62], 0},      // long enough as text, not as digits
		{digits + "0", 0},     // a digit lost
		{"o" + digits[1:], 0}, // a digit mistyped
		{"\x00" + digits, 0},  // no text
		{strings.Repeat("\xfe", 32), 0},
		{"", 0},
		{strings.Repeat("0a", keyLimit/2), keyLimit / 2},
		{strings.Repeat("0a", keyLimit/2) + "\n", 0},
	} {
		key, err := parseKey("k", []byte(test.raw))
		if len(key) != test.want || (err == nil) != (test.want > 0) {
			t.Errorf("%d bytes: a key of %d, %v; want %d", len(test.raw), len(key), err, test.want)
		}
		if err != nil && len(test.raw) > 8 && strings.Contains(err.Error(), test.raw[:8]) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}
