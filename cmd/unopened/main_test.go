package main

import (
	"os"
	"testing"

	"github.com/unopened/unopened/store/local"
)

// TestMain makes the test binary a child where it was started as one: of the embedded ClickHouse, or of the benchmark.
func TestMain(m *testing.M) {
	if local.Child(os.Args) {
		return
	}
	if task := os.Getenv(benchTask); task != "" {
		os.Exit(runTask(task))
	}
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built) // a temporary folder; the outcome stands
	}
	os.Exit(code)
}
