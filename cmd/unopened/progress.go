package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress is a bar on standard error while a person watches, and nothing otherwise.
type progress struct{ bar *progressbar.ProgressBar }

// newProgress starts a bar; total -1 means that the end is not known.
func newProgress(what, unit string, total int64) progress {
	if !interactive(os.Stderr) {
		return progress{}
	}
	return progress{progressbar.NewOptions64(total, progressbar.OptionSetDescription(what),
		progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetItsString(unit), progressbar.OptionShowIts(),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

// add moves the bar on.
func (p progress) add(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn is no reason to stop
	}
}

// done clears the bar.
func (p progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish() // as in add
	}
}
