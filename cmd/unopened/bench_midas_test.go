package main

import (
	"fmt"
	"testing"

	"github.com/unopened/unopened/features/sketch"
)

// benchMidas scores edges beside the straightforward MIDAS, which goes through all cells at the end of each tick: those of
// DARPA 1998 where UNOPENED_DARPA names the file, else simulated ones. The ticks are without gaps, as in the papers.
func benchMidas(t *testing.T) (rows []measured) {
	edges, from := darpaEdges(t), "DARPA 1998"
	if edges == nil {
		edges, from = burstyEdges(1, 1_000_000, 98), "simulated (UNOPENED_DARPA names no file), 98 a tick as in DARPA 1998"
	}
	edges = consecutive(edges)
	key := midasKeys(1)[0]
	for _, threshold := range []float32{0, midasThreshold} {
		name := map[bool]string{true: "MIDAS-R", false: "MIDAS-F"}[threshold == 0]
		for _, columns := range []int{midasColumns, 16 * midasColumns} {
			rounds := 3
			if columns > midasColumns { // the plain one takes long
				rounds = 1
			}
			took := beside(rounds, func() {
				m := sketch.NewF(key, columns, threshold)
				for _, e := range edges {
					m.Add(e.source, e.destination, e.tick)
				}
			}, func() {
				m := newNaiveMidas(key, midasRows, columns, threshold)
				for _, e := range edges {
					m.add(e.source, e.destination, e.tick)
				}
			})
			rows = append(rows, atLeast(3, fmt.Sprintf("%s, 2 x %s, beside plain", name, thousands(int64(columns))), took[1].over(took[0]), "x",
				fmt.Sprintf("%.0f and %.0f ns an edge; %s edges, %s", took[0].per(len(edges)), took[1].per(len(edges)), thousands(int64(len(edges))), from)))
			mean, least, most := midasAUC(edges, midasKeys(5), ours(columns, threshold))
			rows = append(rows, plain(fmt.Sprintf("%s, 2 x %s, AUC", name, thousands(int64(columns))), mean, "", fmt.Sprintf("%.4f; 5 keys: %.4f to %.4f", mean, least, most)))
		}
	}
	mean, least, most := midasAUC(edges, midasKeys(5), oneRow)
	rows = append(rows, plain("MIDAS-R, 1 x 1,024, AUC", mean, "", fmt.Sprintf("%.4f; 5 keys: %.4f to %.4f", mean, least, most)))
	trivial := auc(edges, perTick(edges))
	return append(rows, plain("counter of the tick, AUC", trivial, "", fmt.Sprintf("%.4f", trivial)))
}
