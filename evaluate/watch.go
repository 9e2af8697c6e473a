package evaluate

import (
	"math"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// Options say what is kept and reckoned.
type Options struct {
	// Reached tells whether a verdict on a harm is at the action threshold.
	Reached func(models.Harm, *models.Verdict) bool
	// Windows is into how many equal times the stream, which lies between First and Last (Unix milliseconds), is cut;
	// with 1 no measure by window is kept; at most MaxWindows.
	Windows     int
	First, Last int64
	Budget      int  // accounts of each harm that analysts look at in a day; 0 for none
	Features    bool // keep the extremes of every feature
	Labels      *Labels
	Bootstrap   int // draws; 0 for no intervals but Wilson's
	Seed        uint64
}

// MaxWindows is the most windows there can be.
const MaxWindows = 64

// Watch follows an engine (engine.Engine.Judged) and keeps what each account came to. It is for one goroutine.
type Watch struct {
	Options
	accounts  []Account
	index     map[ingest.SubjectID]int32
	lives     []life
	windows   []float32 // the greatest margin by account, window and harm; −Inf where there was none
	extremes  []float32 // the greatest, then the least values by account and feature; NaN where unknown
	pairs     map[pair]dealings
	strangers map[ingest.SubjectID]struct{} // accounts of the stream that the truth does not have
	queue     queue
	rules     features.Vector // the values of the rules' features
	signs     [models.Harms + 1]float64
	all       features.Vector
	seen      ingest.Fields // that any account's acts have carried
}

// life is what is kept of an account: flat.
type life struct {
	from     int64                 // of a member: when its abuse begins; 0 before it is known
	best     [signals]float64      // of each signal the greatest; −Inf where there was none
	score    [models.Harms]float32 // the score at the greatest margin
	band     [models.Harms]uint8   // the age of the account then
	assessed uint8                 // harms that could be assessed, bit = harm
	reached  uint8                 // harms whose action threshold was reached
	active   uint64                // windows in which it turned to others, bit = window
	acted    bool
	ended    bool // a label came: what follows is not counted
	waiting  bool // it is in today's queue
	count    counts
	caught   caught // a member's, by its own harm
	today    [signals]float32
	looked   uint32 // contests in which an analyst has looked at it
}

// counts are of what a member has done since its abuse began.
type counts struct {
	firsts  uint32 // first contacts
	minors  uint32 // of these with a minor
	victims uint32 // innocent accounts to which it wrote before they wrote to it
}

// caught is when a member was, and what it had done by then.
type caught struct {
	at int64 // 0: not
	counts
}

// pair is a member, by its place in the truth, and somebody it has had to do with.
type pair struct {
	member int32
	peer   ingest.SubjectID
}

// dealings are what there was between a pair.
type dealings uint8

const (
	ever  dealings = 1 << iota // a message, call or request
	since                      // one since the member's abuse began
)

// NewWatch returns a watch for the accounts of a truth.
func NewWatch(truth []Account, o Options) *Watch {
	w := &Watch{
		Options: o, accounts: truth, index: make(map[ingest.SubjectID]int32, len(truth)), lives: make([]life, len(truth)),
		pairs: make(map[pair]dealings), strangers: make(map[ingest.SubjectID]struct{}), rules: features.NewVector(), all: features.NewVector(),
	}
	for i := range truth {
		w.index[truth[i].ID] = int32(i)
		l := &w.lives[i]
		l.from = truth[i].From
		for s := range l.best {
			l.best[s] = math.Inf(-1)
		}
	}
	if o.Windows > 1 {
		w.windows = filled(len(truth)*o.Windows*models.Harms, math.Inf(-1))
	}
	if o.Features {
		w.extremes = filled(len(truth)*2*len(features.Catalogue), math.NaN())
	}
	for rule := range trivial {
		place, sign := ruleOf(rule)
		w.rules.Only, w.signs[rule] = append(w.rules.Only, place), sign
	}
	return w
}

// filled returns n values that are all x.
func filled(n int, x float64) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = float32(x)
	}
	return all
}

// Judged takes a verdict. Its arguments are as in engine.Engine.Judged.
func (w *Watch) Judged(e *ingest.Entry, v *models.Verdict, a *features.Account, t *features.Table) {
	w.until(v.At)
	w.seen |= v.Vector.Seen
	i, ok := w.index[v.Account]
	if !ok {
		w.strangers[v.Account] = struct{}{}
		return
	}
	l, who := &w.lives[i], &w.accounts[i]
	side := e.Kind == ingest.EntrySide
	if side && e.Event.Type == ingest.Label {
		l.ended = true
	}
	if l.ended || who.Kind == Accomplice {
		return
	}
	acts := side && e.Event.Side == ingest.SideActed
	if who.Kind == Member {
		if acts && l.from == 0 {
			l.from = e.Event.At
		}
		if side {
			w.deal(i, &e.Event)
		}
		if l.from == 0 || v.At < l.from {
			return
		}
		acts = acts && e.Event.At >= l.from
	}
	if acts && !l.acted {
		l.acted = true
		w.Labels.acted(who, e.Event.At)
	}
	if acts && e.Event.Type >= ingest.Message && e.Event.Type <= ingest.GroupRemove {
		l.active |= 1 << w.windowOf(v.At)
	}
	w.judge(i, v, a)
	w.rank(i, a, t)
	if w.Features {
		w.stretch(i, a, t)
	}
}

// deal notes what a member has to do with a peer.
func (w *Watch) deal(i int32, ev *ingest.Event) {
	direct := (ev.Type == ingest.Message || ev.Type == ingest.Call) && ev.Kind == ingest.Direct || ev.Type == ingest.ContactRequest
	if !direct || ev.Peer.IsZero() {
		return
	}
	l, key := &w.lives[i], pair{i, ev.Peer}
	was := w.pairs[key]
	is := was | ever
	if l.from != 0 && ev.At >= l.from {
		is |= since
		if ev.Side == ingest.SideActed {
			if peer, ok := w.index[ev.Peer]; ok && was&since == 0 && w.accounts[peer].Kind == Innocent {
				l.count.victims++
			}
			if was == 0 {
				l.count.firsts++
				if ev.PeerAge.Minor() {
					l.count.minors++
				}
			}
		}
	}
	if is != was {
		w.pairs[key] = is
	}
}

// judge takes the scores of an account.
func (w *Watch) judge(i int32, v *models.Verdict, a *features.Account) {
	l, who := &w.lives[i], &w.accounts[i]
	for h := range models.Harm(models.Harms) {
		s := &v.Scores[h]
		if !s.Assessable {
			continue
		}
		l.assessed |= 1 << h
		if s.Margin > l.best[h] {
			l.best[h], l.score[h], l.band[h] = s.Margin, float32(s.Value), ageBand(a)
		}
		if w.windows != nil {
			place := (int(i)*w.Windows+w.windowOf(v.At))*models.Harms + int(h)
			w.windows[place] = max(w.windows[place], float32(s.Margin))
		}
		w.queue.note(w, i, int(h), s.Margin)
		if l.reached>>h&1 == 0 && w.Reached(h, v) {
			l.reached |= 1 << h
			if who.Kind == Innocent {
				w.Labels.raised(who, h, v.At)
			} else if who.Harm == h {
				l.caught = caught{v.At, l.count}
			}
		}
	}
}

// windowOf is the window of an event time.
func (w *Watch) windowOf(at int64) int {
	n := int64(max(1, w.Windows))
	return int(min(max(0, (at-w.First)*n/max(1, w.Last-w.First+1)), n-1))
}

// rank takes the values of the rules' features.
func (w *Watch) rank(i int32, a *features.Account, t *features.Table) {
	t.Read(a, &w.rules)
	for rule, place := range w.rules.Only {
		if x := w.signs[rule] * float64(w.rules.X[place]); x == x {
			s := firstRule + rule
			w.lives[i].best[s] = max(w.lives[i].best[s], x)
			w.queue.note(w, i, s, x)
		}
	}
}

// stretch takes the values of all features.
func (w *Watch) stretch(i int32, a *features.Account, t *features.Table) {
	t.ReadAll(a, &w.all)
	n := len(features.Catalogue)
	at := w.extremes[int(i)*2*n:][:2*n]
	for f, x := range w.all.X {
		if x != x {
			continue
		}
		if !(at[f] >= x) {
			at[f] = x
		}
		if !(at[n+f] <= x) {
			at[n+f] = x
		}
	}
}
