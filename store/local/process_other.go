//go:build !linux

package local

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// process is nothing here: the engine runs on Linux only.
type process struct{ err error }

// launch tells that there is no engine for this platform.
func (e *Engine) launch(context.Context) error {
	return fmt.Errorf("%w on %s: %s", ErrNoLibrary, runtime.GOOS, alternatives)
}

func (p *process) ended() bool        { return true }
func (p *process) stop(time.Duration) {}
