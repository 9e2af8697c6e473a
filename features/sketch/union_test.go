package sketch

// Forest holds disjoint sets of the numbers from 0 to its length (Tarjan: "Efficiency of a good but not linear set union
// algorithm", 1975; path halving: Tarjan and van Leeuwen 1984). An entry is the parent and 1 or, for a root, minus the
// number of others in its set: make(Forest, n) has every number in a set of its own, and an appended 0 is one more.
type Forest []int32

// Find returns the number that stands for the set of id, the same for all in it until it is united with another.
func (f Forest) Find(id uint32) uint32 {
	for f[id] > 0 {
		parent := f[id]
		if above := f[parent-1]; above > 0 {
			f[id], parent = above, above
		}
		id = uint32(parent - 1)
	}
	return id
}

// Union makes one set of those of a and b; the larger one's root stays.
func (f Forest) Union(a, b uint32) {
	a, b = f.Find(a), f.Find(b)
	if a == b {
		return
	}
	if f[b] < f[a] {
		a, b = b, a
	}
	f[a] += f[b] - 1
	f[b] = int32(a) + 1
}

// Size returns how many are in the set of id.
func (f Forest) Size(id uint32) int { return 1 - int(f[f.Find(id)]) }
