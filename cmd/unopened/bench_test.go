package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// measured is one line of the table that `make bench` prints, and one object of the list that it writes.
type measured struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Goal  string  `json:"goal"`
	OK    bool    `json:"ok"`
	Note  string  `json:"note"`
}

// plain is a value without a goal: absolute numbers are the machine's.
func plain(name string, value float64, unit, note string) measured {
	return measured{name, value, unit, "", true, note}
}

// atLeast is a value with a goal.
func atLeast(goal float64, name string, value float64, unit, note string) measured {
	return measured{name, value, unit, fmt.Sprintf(">= %v", goal), value >= goal, note}
}

func atMost(goal float64, name string, value float64, unit, note string) measured {
	return measured{name, value, unit, fmt.Sprintf("<= %v", goal), value <= goal, note}
}

// print writes the line for people.
func (m *measured) print() {
	verdict := ""
	switch {
	case !m.OK:
		verdict = "MISSED"
	case m.Goal != "":
		verdict = "ok"
	}
	fmt.Printf("%-44s %12s %-10s %-9s %-6s %s\n", m.Name, significant(m.Value), m.Unit, m.Goal, verdict, m.Note)
}

// significant writes three digits that count, and whole numbers as they are.
func significant(v float64) string {
	switch {
	case v == float64(int64(v)), v >= 1000:
		return thousands(int64(v))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// benches are the parts of the table, in its order, with the names that ONLY takes (make bench ONLY="pipeline update").
var benches = []struct {
	name    string
	measure func(*testing.T) []measured
}{
	{"decode", benchDecode}, {"protobuf", benchDecodeProtobuf}, {"allocations", benchAllocations}, {"agreement", benchAgreement},
	{"pipeline", benchPipeline}, {"consume", benchConsume}, {"split", benchSplit}, {"update", benchUpdate}, {"stamps", benchStamps}, {"chosen", benchChosen},
	{"scale", benchScale}, {"seal", benchSeal}, {"checkpoint", benchCheckpoint}, {"store", benchStore}, {"midas", benchMidas},
}

// TestBenchTable measures, prints goals beside values, and writes them to the file that UNOPENED_BENCH names. It fails
// only where something could not be measured: timings decide no test. UNOPENED_BENCH_ONLY names parts; empty, all.
func TestBenchTable(t *testing.T) {
	out := os.Getenv("UNOPENED_BENCH")
	if out == "" {
		t.Skip("measures only where UNOPENED_BENCH names a file (make bench)")
	}
	only := strings.Fields(os.Getenv("UNOPENED_BENCH_ONLY"))
	fmt.Printf("%-44s %12s %-10s %-9s\n", "", "value", "unit", "goal")
	var table []measured
	for _, part := range benches {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		rows := part.measure(t)
		for i := range rows {
			rows[i].print()
		}
		table = append(table, rows...)
		runtime.GC()
	}
	text, err := json.MarshalIndent(table, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(out, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// spent is what something took: the least of all rounds, and the work of each.
type spent struct {
	wall, cpu time.Duration
	each      []time.Duration
}

// beside runs the functions in turn, some rounds, and returns the least that each took: what one run suffers from the
// machine's other work, another does not.
func beside(rounds int, runs ...func()) []spent {
	least := make([]spent, len(runs))
	for round := range rounds {
		for i, run := range runs {
			runtime.GC()
			begin, worked := time.Now(), cpu()
			run()
			wall, work := time.Since(begin), cpu()-worked
			if round == 0 {
				least[i] = spent{wall: wall, cpu: work}
			}
			least[i].wall, least[i].cpu = min(wall, least[i].wall), min(work, least[i].cpu)
			least[i].each = append(least[i].each, work)
		}
	}
	return least
}

// cpu is the time that all threads of this process have worked so far, for it and for the kernel on its behalf.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// per is the work for one of n things, in nanoseconds.
func (s spent) per(n int) float64 { return float64(s.cpu.Nanoseconds()) / float64(n) }

// over is how many times the work of other s took: of the ratios of all rounds the middle one, since a round's runs have
// the same neighbours on the machine.
func (s spent) over(other spent) float64 {
	ratios := make([]float64, len(s.each))
	for i := range ratios {
		ratios[i] = float64(s.each[i]) / float64(other.each[i])
	}
	return median(ratios)
}

// median returns the middle one of values, which it sorts.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
