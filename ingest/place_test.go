package ingest

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestPartitionsMeet holds the rule against random subjects: where one is found in both partitions they meet, and where
// they meet by more than an edge one is found.
func TestPartitionsMeet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{3, 5}, {5, 2}, {4, 8}, {8, 4}, {1, 6}, {16, 24}, {7, 7}} {
		n, m := size[0], size[1]
		found := make(map[[2]int]bool)
		for range 20_000 {
			var s SubjectID
			binary.LittleEndian.PutUint64(s[:8], rng.Uint64())
			binary.LittleEndian.PutUint64(s[8:], rng.Uint64())
			found[[2]int{PartitionOf(s, n), PartitionOf(s, m)}] = true
		}
		for i := range n {
			for j := range m {
				if PartitionsMeet(i, n, j, m) != found[[2]int{i, j}] {
					t.Errorf("partition %d of %d and %d of %d: subjects in both: %v", i, n, j, m, found[[2]int{i, j}])
				}
			}
		}
	}
}
