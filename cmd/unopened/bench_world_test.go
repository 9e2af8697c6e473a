package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
)

// scaleWorld is a table with a multitude of accounts, and what happens to them. Which account has which peers follows from its
// number, so that nothing but the table takes memory.
type scaleWorld struct {
	accounts int
	reaching bool // accounts write to each other; else each has logged in
	table    *features.Table
	vector   features.Vector
	at       int64 // Unix milliseconds
	events   int   // observed so far
}

const (
	scaleStart = 1_750_000_000_000
	scaleOpen  = 6   // peers that an account writes to first, in the mean; as many write to it
	scaleMost  = 400 // and at most
	scaleReply = 0.6 // share of them who reply
)

// newScaleWorld fills a table.
func newScaleWorld(accounts int, reaching bool) *scaleWorld {
	w := &scaleWorld{accounts: accounts, reaching: reaching, vector: features.NewVector(), at: scaleStart}
	w.table = features.New(features.Config{Accounts: accounts})
	for i := range accounts {
		w.at = scaleStart + int64(i)*7*24*time.Hour.Milliseconds()/int64(accounts)
		w.act(i, 0)
		for k := 1; reaching && k < w.openings(i); k++ {
			w.act(i, k)
		}
	}
	return w
}

// openings is how many peers account i writes to first: log-normal, so that some have very many.
func (w *scaleWorld) openings(i int) int {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	const sigma = 1
	return min(scaleMost, int(scaleOpen*math.Exp(sigma*r.NormFloat64()-sigma*sigma/2)+0.5))
}

// act has account i log in, or write to its k-th peer, who may reply.
func (w *scaleWorld) act(i, k int) {
	if !w.reaching {
		ev := ingest.Event{
			Type: ingest.Login, Side: ingest.SideActed, At: w.at, Subject: bigAccount(i), Network: uint64(i),
			Has: ingest.FieldsAlways | ingest.FieldActor | ingest.FieldNetwork,
		}
		w.observe(&ev)
		return
	}
	pick := rand.NewPCG(uint64(i), uint64(k))
	peer := int(pick.Uint64() % uint64(w.accounts))
	w.message(i, peer)
	if float64(pick.Uint64())/math.MaxUint64 < scaleReply {
		w.message(peer, i)
	}
}

// message observes both sides of a message.
func (w *scaleWorld) message(from, to int) {
	ev := bigMessage(from, 0)
	ev.At, ev.Peer, ev.Side = w.at, bigAccount(to), ingest.SideActed
	w.observe(&ev)
	ev.Flip()
	ev.Side = ingest.SideReceived
	w.observe(&ev)
}

func (w *scaleWorld) observe(ev *ingest.Event) {
	w.table.Observe(ev, &w.vector)
	w.table.Stamps = w.table.Stamps[:0]
	w.events++
}

// update has the accounts of a list act again, two milliseconds apart, and returns how many sides that made. Like a shard it
// looks ahead by a batch.
func (w *scaleWorld) update(list []uint32) int {
	before := w.events
	var ahead [features.Batch]ingest.SubjectID
	for n, i := range list {
		if n%len(ahead) == 0 {
			next := list[n:min(n+len(ahead), len(list))]
			for k, j := range next {
				ahead[k] = bigAccount(int(j))
			}
			w.table.Ahead(ahead[:len(next)])
		}
		w.at += 2
		w.act(int(i), n&3)
	}
	return w.events - before
}

// drawn returns lists of accounts: one in which some are far busier than others (Zipf, 1.1), and one in which all are alike.
func drawn(accounts, n int) (zipf, uniform []uint32) {
	r := rand.New(rand.NewPCG(1, 1))
	z := rand.NewZipf(r, 1.1, 1, uint64(accounts-1))
	zipf, uniform = make([]uint32, n), make([]uint32, n)
	for i := range n {
		zipf[i], uniform[i] = uint32(z.Uint64()*7919%uint64(accounts)), uint32(r.IntN(accounts))
	}
	return zipf, uniform
}

// pointed is an account as a plain program has it behind a map of pointers, as large as ours.
type pointed struct {
	last     time.Time
	counters [56]float32
}

// pointers is the map of them. It does less than our table: it counts a login by counters of seven half-lives that all fade at each
// event, and reads as many values by the same functions.
type pointers struct {
	accounts map[string]*pointed
	read     features.Account
	reach    features.Reach
	vector   []float32
	at       int64
}

func newPointers(accounts int) *pointers {
	p := &pointers{accounts: map[string]*pointed{}, vector: features.NewVector().X, at: scaleStart}
	for i := range accounts {
		p.login(i)
	}
	return p
}

// login folds a login into its account and reads the account's values.
func (p *pointers) login(i int) {
	id, at := bigAccount(i), time.UnixMilli(p.at)
	a := p.accounts[string(id[:])]
	if a == nil {
		a = &pointed{last: at}
		p.accounts[string(id[:])] = a
	}
	var fade [7]float32
	gone := at.Sub(a.last).Minutes()
	for h, half := range [...]float64{1, 10, 60, 1440, 10080, 20160, 43200} {
		fade[h] = float32(math.Exp2(-gone / half))
	}
	for c := range a.counters {
		a.counters[c] *= fade[c%len(fade)]
	}
	for c := range fade {
		a.counters[c]++
	}
	a.last = at
	for f := range p.vector {
		p.vector[f] = features.Catalogue[f].Read(&p.read, &p.reach) + a.counters[f%len(a.counters)]
	}
}

// update has the accounts of a list log in again.
func (p *pointers) update(list []uint32) {
	for _, i := range list {
		p.at += 2
		p.login(int(i))
	}
}
