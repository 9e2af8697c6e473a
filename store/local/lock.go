package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// poll is the time between two looks at something that another process does.
const poll = 10 * time.Millisecond

// tryLock takes the exclusive lock on a file, which is made if need be. It returns nil when another process has it.
// The lock goes with the file's last descriptor, so it never outlives the process.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("locking %s: %w", path, err)
}

// waitLock waits for the lock on a file. Closing the file gives it back.
func waitLock(ctx context.Context, path string) (*os.File, error) {
	for {
		if f, err := tryLock(path); f != nil || err != nil {
			return f, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("waiting for the lock on %s: %w", path, err)
		}
	}
}

// pause waits for the next look, or tells that ctx is done.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(poll):
		return nil
	}
}
