package features

import "github.com/unopened/unopened/ingest"

// Batch is how many subjects Ahead takes at a time: about as many loads as a core has under way.
const Batch = 16

// Ahead touches what the table holds of some subjects, before they are observed one by one: their places in the index, then
// their rows, then what the rows name. The loads of each step do not wait for one another, so that a batch waits for memory
// about as long as one event would. It changes nothing. At most Batch subjects are looked at.
func (t *Table) Ahead(subjects []ingest.SubjectID) {
	var slots [Batch]uint64
	var accounts [Batch]*Account
	n := min(len(subjects), Batch)
	for i := range n {
		slots[i] = t.accounts.slot(&subjects[i])
	}
	for i := range n {
		if slots[i] != 0 {
			accounts[i] = t.accounts.at(uint32(slots[i]) - 1)
			t.accounts.touched += uint64(accounts[i].Last) + uint64(accounts[i].newDevice)
		}
	}
	for _, a := range accounts[:n] {
		if a != nil && a.reach != 0 {
			r := t.reaches.at(a.reach - 1)
			t.accounts.touched += uint64(r.block) + uint64(r.gaps) + uint64(r.joined) + uint64(r.devices[0])
		}
	}
}

// slot returns the first slot that a subject's probe looks at.
func (k *keyed[T, P]) slot(id *ingest.SubjectID) uint64 {
	h := k.hash(id)
	p := &k.parts[h%partCount]
	if len(p.slots) == 0 {
		return 0
	}
	return p.slots[uint32(h>>32)&uint32(len(p.slots)-1)]
}
