package main

import (
	"bufio"
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/unopened/unopened/features/sketch"
)

// edge is one line of a stream of edges.
type edge struct {
	source, destination uint64
	tick                uint32
	attack              bool
}

// The sketches of the papers.
const (
	midasRows      = 2
	midasColumns   = 1024
	midasThreshold = 1000
)

// midasKeys are the keys of all figures.
func midasKeys(n int) (keys [][2]uint64) {
	rng := rand.New(rand.NewPCG(1998, 2020))
	for range n {
		keys = append(keys, [2]uint64{rng.Uint64(), rng.Uint64()})
	}
	return keys
}

// burstyEdges is a stream of n edges among 5,000 nodes, of which few are busy, about perTick a tick. Now and then
// ticks are left out, and a pair has a burst of some ticks: the attack.
func burstyEdges(seed uint64, n, perTick int) []edge {
	rng := rand.New(rand.NewPCG(seed, 7))
	busy := rand.NewZipf(rng, 1.3, 4, 4999)
	edges, tick := make([]edge, 0, n), uint32(1)
	var from, to uint64
	burst := 0 // ticks that it goes on
	for len(edges) < n {
		if burst == 0 && rng.IntN(40) == 0 {
			burst, from, to = 1+rng.IntN(5), rng.Uint64N(5000), rng.Uint64N(5000)
		}
		for range min(perTick, n-len(edges)) {
			e := edge{busy.Uint64(), busy.Uint64(), tick, false}
			if burst > 0 && rng.IntN(2) == 0 {
				e = edge{from, to, tick, true}
			}
			edges = append(edges, e)
		}
		burst = max(burst-1, 0)
		tick++
		if rng.IntN(20) == 0 {
			tick += 1 + rng.Uint32N(1+rng.Uint32N(300))
		}
	}
	return edges
}

// differing returns how many scores of ours are not, to the bit, those of the straightforward, and how many edges were
// at or above the threshold.
func differing(edges []edge, key [2]uint64, columns int, threshold float32, shift uint32) (bad, hot int) {
	m, plain := sketch.NewF(key, columns, threshold), newNaiveMidas(key, midasRows, columns, threshold)
	for _, e := range edges {
		got, want := m.Add(e.source, e.destination, e.tick+shift), plain.add(e.source, e.destination, e.tick)
		if math.Float32bits(got) != math.Float32bits(want) {
			bad++
		}
		if threshold > 0 && want >= threshold {
			hot++
		}
	}
	return bad, hot
}

func TestMidasEqualsTheStraightforward(t *testing.T) {
	for i, key := range midasKeys(8) {
		edges := burstyEdges(uint64(i), 20_000, 1+i*i*4)
		for _, threshold := range []float32{0, 1, 30, midasThreshold} {
			columns := 16 << i
			bad, hot := differing(edges, key, columns, threshold, 0)
			if bad > 0 {
				t.Errorf("stream %d, threshold %v: %d of %d scores differ", i, threshold, bad, len(edges))
			}
			if threshold == 1 && hot < 1000 {
				t.Errorf("stream %d: %d edges above the threshold show little", i, hot)
			}
			if bad, _ := differing(edges, key, columns, threshold, 1); bad < len(edges)/2 {
				t.Errorf("stream %d, threshold %v: a tick later only %d scores differ: this test shows nothing", i, threshold, bad)
			}
		}
	}
}

// darpaEdges reads the file that UNOPENED_DARPA names, DARPA 1998 as lines of source, destination, minute and whether
// it is an attack: nil if none is named. The ticks are minutes, from 1 on.
func darpaEdges(t *testing.T) (edges []edge) {
	t.Helper()
	name := os.Getenv("UNOPENED_DARPA")
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Scan() // names of the columns
	var first uint64
	for lines.Scan() {
		var v [4]uint64
		for i, field := range strings.SplitN(lines.Text(), ",", len(v)) {
			if v[i], err = strconv.ParseUint(field, 10, 31); err != nil {
				t.Fatalf("%s, edge %d: %v", name, len(edges)+1, err)
			}
		}
		if edges == nil {
			first = v[2]
		}
		edges = append(edges, edge{v[0], v[1], uint32(v[2]-first) + 1, v[3] == 1})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return edges
}

// consecutive returns the edges with the ticks numbered as in the papers' files: those in which nothing came are left
// out.
func consecutive(edges []edge) []edge {
	out := slices.Clone(edges)
	tick := uint32(1)
	for i := range out {
		if i > 0 && edges[i].tick > edges[i-1].tick {
			tick++
		}
		out[i].tick = tick
	}
	return out
}

// auc is the share of pairs of an attack and another edge in which the attack has the greater score; equal ones count
// half (Mann and Whitney 1947).
func auc(edges []edge, scores []float32) float64 {
	order := make([]int32, len(edges))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(scores[a], scores[b]) })
	var ranks, attacks float64
	for i := 0; i < len(order); {
		j, among := i, 0
		for ; j < len(order) && scores[order[j]] == scores[order[i]]; j++ {
			if edges[order[j]].attack {
				among++
			}
		}
		ranks += float64(among) * float64(i+j+1) / 2
		attacks += float64(among)
		i = j
	}
	return (ranks - attacks*(attacks+1)/2) / (attacks * (float64(len(edges)) - attacks))
}

// perTick is the trivial score: how many edges of the same source, or of the same destination, the tick has had.
func perTick(edges []edge) []float32 {
	scores := make([]float32, len(edges))
	from, to, tick := map[uint64]float32{}, map[uint64]float32{}, uint32(0)
	for i, e := range edges {
		if e.tick != tick {
			clear(from)
			clear(to)
			tick = e.tick
		}
		from[e.source]++
		to[e.destination]++
		scores[i] = max(from[e.source], to[e.destination])
	}
	return scores
}

// ours makes the sketch of a key, with so many columns.
func ours(columns int, threshold float32) func(key [2]uint64) func(source, destination uint64, tick uint32) float32 {
	return func(key [2]uint64) func(uint64, uint64, uint32) float32 {
		return sketch.NewF(key, columns, threshold).Add
	}
}

// oneRow makes the plain MIDAS-R of a key with one row.
func oneRow(key [2]uint64) func(source, destination uint64, tick uint32) float32 {
	return newNaiveMidas(key, 1, midasColumns, 0).add
}

// midasAUC returns the mean, the least and the greatest AUC over some keys.
func midasAUC(edges []edge, keys [][2]uint64, of func([2]uint64) func(uint64, uint64, uint32) float32) (mean, least, most float64) {
	scores := make([]float32, len(edges))
	least = 1
	for _, key := range keys {
		score := of(key)
		for i, e := range edges {
			scores[i] = score(e.source, e.destination, e.tick)
		}
		got := auc(edges, scores)
		mean, least, most = mean+got/float64(len(keys)), min(least, got), max(most, got)
	}
	return mean, least, most
}

// TestMidasOnDARPA holds the scores of all edges against the straightforward's, with and without the minutes in which
// nothing came, and the AUC against the papers' and the trivial score's.
func TestMidasOnDARPA(t *testing.T) {
	minutes, keys := darpaEdges(t), midasKeys(10)
	if minutes == nil {
		t.Skip("needs UNOPENED_DARPA, the file of DARPA 1998")
	}
	edges := consecutive(minutes)
	for _, threshold := range []float32{0, midasThreshold} {
		for _, stream := range [][]edge{edges, minutes} {
			if bad, _ := differing(stream, keys[0], midasColumns, threshold, 0); bad > 0 {
				t.Errorf("threshold %v, %d ticks: %d of %d scores differ", threshold, stream[len(stream)-1].tick, bad, len(stream))
			}
		}
	}
	trivial := auc(edges, perTick(edges))
	r, rLeast, rMost := midasAUC(edges, keys, ours(midasColumns, 0))
	f, fLeast, fMost := midasAUC(edges, keys, ours(midasColumns, midasThreshold))
	t.Logf("%d edges, %d keys: AUC of R %.4f (%.4f to %.4f), of F %.4f (%.4f to %.4f), of the trivial counter %.4f",
		len(edges), len(keys), r, rLeast, rMost, f, fLeast, fMost, trivial)
	if f < 0.98 && r < 0.949 || f <= trivial {
		t.Error("the papers have 0.949 for R and 0.98 for F, at least; the trivial counter is as good")
	}
}
