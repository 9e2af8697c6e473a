package ingest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// keySize is the size of a new key and the least size of any, in bytes; keyLimit is the largest key file.
const (
	keySize  = 32
	keyLimit = 4096
)

// NewKey returns a fresh key of 32 random bytes.
func NewKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never returns an error: crypto/rand ends the program instead
	return key
}

// WriteKey writes a key as hexadecimal digits to a new file that only its owner can read. It never overwrites one.
func WriteKey(path string, key []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("new key file: %w (an existing key is never overwritten)", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", key)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("key file %s: %w", path, err)
	}
	return nil
}

// ReadKey reads a key file: at least 64 hexadecimal digits, and a line end or none. It refuses a file that others than
// its owner may touch. No error tells anything of the key.
func ReadKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w (keys new makes one)", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	mode := info.Mode()
	if !mode.IsRegular() {
		return nil, fmt.Errorf("key file %s is not a regular file", path)
	}
	if mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read or written by others (mode %04o): chmod 600 %s", path, mode.Perm(), path)
	}
	raw, err := io.ReadAll(io.LimitReader(f, keyLimit+1))
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return parseKey(path, raw)
}

// parseKey takes the key out of a file's bytes.
func parseKey(path string, raw []byte) ([]byte, error) {
	key, err := hex.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil || len(key) < keySize || len(raw) > keyLimit {
		return nil, fmt.Errorf("key file %s does not hold %d to %d hexadecimal digits and a line end (keys new makes one that does)",
			path, 2*keySize, keyLimit-1)
	}
	return key, nil
}
