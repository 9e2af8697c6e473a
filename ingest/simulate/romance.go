package simulate

import "github.com/unopened/unopened/ingest"

// romance is a romance scam as a trade: accounts of a few workers, who write in shifts of their own day to grown
// people elsewhere, court for days those who answer, and lose them when they ask for money.
var romance = campaign{
	name: "romance_scam", harm: ingest.Scam,
	unfit: []string{Misdeclared},
	made:  everyone,
	begin: (*Simulator).scamOffice,
	ranges: map[Split]tuning{
		Train: {
			quits: true, cover: 0.4, lists: 0.4,
			members: span{4, 8}, fresh: span{0.6, 1}, contacts: span{25, 60}, gap: span{10 * minute, 30 * minute}, spread: span{10, 60},
			extra: span{2, 3}, reply: span{0.20, 0.35}, block: span{0.03, 0.06}, report: span{0.01, 0.02},
		},
		Test: {
			quits: true, cover: 0.4, lists: 0.4,
			members: span{3, 10}, fresh: span{0.4, 1}, contacts: span{15, 80}, gap: span{6 * minute, 50 * minute}, spread: span{6, 96},
			extra: span{1, 4}, reply: span{0.15, 0.40}, block: span{0.02, 0.08}, report: span{0.005, 0.03},
		},
	},
}

// office is where and when the workers of a scam work.
type office struct {
	place
	from, hours int64 // of the shift, UTC
}

func (s *Simulator) scamOffice(c *crew) {
	work := office{place: s.lair(s.someCountry().code), from: s.rng.Int64N(24), hours: 8 + s.rng.Int64N(4)}
	onDevice := s.count(c.tuning.extra)
	victims := s.someCountry().code // as the numbers say
	for k := range c.size {
		if k%onDevice == 0 {
			s.equip(&work.place)
		}
		before := int64(s.logNormal(2*24*hour, 1) * 1000)
		if k >= c.fresh { // bought
			before = int64((100 + 400*s.rng.Float64()) * day)
		}
		a := s.recruit(c, c.start+int64(s.rng.Float64()*s.draw(c.tuning.spread)*hourMs), before)
		s.base(a, work.place)
		for k := 0; k < 30 && a.town.country.code != victims; k++ { // its number is of the victims' country
			a.town = one(s.dice, s.towns)
		}
		// Whoever works is awake, whatever the number says, and leaves no answer unanswered.
		a.late, a.replies = work.from+a.town.country.zone-9, 1
		if s.chance(0.4) { // behind a private network
			a.here.country, a.here.network = a.town.country.code, s.rng.Uint64()
			a.home, a.mobile = a.here.network, a.here.network
		}
		if a.told != 0 {
			a.told = ingest.Age25to34 + ingest.AgeBand(s.rng.IntN(2))
		}
		s.shift(work, s.first(a, int64(s.logNormal(20*minute, 1)*1000)), a, func() { s.flirt(a, work, s.work(c)) })
	}
}

// shift schedules something at a time, or in the next shift where nobody works then.
func (s *Simulator) shift(w office, at int64, a *account, do func()) {
	if since := (at/hourMs - w.from + 48) % 24; since >= w.hours {
		at += (24-since)*hourMs + s.rng.Int64N(hourMs)
	}
	s.schedule(at, a, do)
}

// flirt writes to one grown-up, and to n − 1 more later.
func (s *Simulator) flirt(a *account, w office, n int) {
	if b := s.quarry(a, grown); b != nil {
		s.message(a, b, s.attachment(ingest.MediaNone))
		s.react(a, b, a.crew.how, func() {
			s.reply(b, a, 4)
			s.shift(w, s.now+int64(s.logNormal(3*hour, 0.8)*1000), a, func() { s.court(a, b, w, 0) })
		})
	}
	s.farm(a)
	if n > 1 {
		s.shift(w, s.now+int64(s.logNormal(a.crew.gap, 0.9)*1000), a, func() { s.flirt(a, w, n-1) })
	}
}

// court is one of the talks, some a day, with somebody who answers. Later ones are about money: then most notice, block
// or report, or fall silent.
func (s *Simulator) court(a, b *account, w office, step int) {
	if !s.open(a, b) {
		return
	}
	if s.chance(0.25) {
		s.message(a, b, s.attachment(ingest.MediaImage))
	}
	s.turn(a, b, 4+s.rng.IntN(16))
	if s.chance(0.05) {
		s.call(b, a, 0.1) // who is not what the pictures show does not take calls
	}
	lost := 0.06
	if step > 8 {
		lost = 0.25
	}
	if s.chance(lost) {
		switch u := s.rng.Float64(); {
		case u < 0.35:
			s.awake(s.logNormal(6*hour, 1), b, func() { s.block(b, a) })
		case u < 0.55:
			s.complain(b, a, ingest.Scam)
		}
		return
	}
	s.shift(w, s.now+int64(s.logNormal(7*hour*a.crew.Slower, 0.7)*1000), a, func() { s.court(a, b, w, step+1) })
}
