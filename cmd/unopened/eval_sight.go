package main

import (
	"context"
	"fmt"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// sightings are the evaluations of one simulation behind masks. A mask is run once, whoever asks for it; the nil mask has the zero key.
type sightings struct {
	cfg     *configs.Config
	world   simulate.Scenario
	options evaluate.Options
	shards  int
	reports map[ingest.Mask]*evaluate.Report
	records int64
}

// together is how many replays one run of the simulator feeds; each holds the state of all accounts.
const together = 8

// maskKey is a mask by value.
func maskKey(m *ingest.Mask) ingest.Mask {
	if m == nil {
		return ingest.Mask{}
	}
	return *m
}

// behind is the report behind a mask that was run.
func (s *sightings) behind(m *ingest.Mask) *evaluate.Report { return s.reports[maskKey(m)] }

// run runs the masks that were not run yet.
func (s *sightings) run(ctx context.Context, what string, masks []*ingest.Mask) error {
	var left []*ingest.Mask
	asked := map[ingest.Mask]bool{}
	for _, m := range masks {
		if key := maskKey(m); s.reports[key] == nil && !asked[key] {
			asked[key], left = true, append(left, m)
		}
	}
	bar := newProgress(fmt.Sprintf("%s, %d runs", what, len(left)), "days", int64(len(left)*s.world.Days))
	defer bar.done()
	for len(left) > 0 {
		n := min(together, len(left))
		if err := s.wave(ctx, left[:n], bar); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// wave simulates once for some masks.
func (s *sightings) wave(ctx context.Context, masks []*ingest.Mask, bar progress) error {
	stream, err := simulatedStream(s.world)
	if err != nil {
		return err
	}
	reports, records := make([]*evaluate.Report, len(masks)), make([]int64, len(masks))
	err = fanOut(ctx, stream.source, len(masks), func(ctx context.Context, i int, source ingest.Source) error {
		o := s.options
		o.First, o.Last = stream.span.first, stream.span.last
		step := &days{bar: bar, from: o.First, all: s.world.Days}
		defer step.end()
		var err error
		reports[i], records[i], err = s.one(ctx, masks[i], source, evaluate.NewWatch(stream.truth, o), step)
		return err
	})
	if err != nil {
		return err
	}
	for i, m := range masks {
		s.reports[maskKey(m)], s.records = reports[i], max(s.records, records[i])
	}
	return nil
}

// one replays a source behind a mask.
func (s *sightings) one(ctx context.Context, m *ingest.Mask, source ingest.Source, watch *evaluate.Watch, step *days) (*evaluate.Report, int64, error) {
	set, err := modelsBehind(s.cfg, m)
	if err != nil {
		return nil, 0, err
	}
	e, err := engineBehind(s.cfg, set, m)
	if err != nil {
		return nil, 0, err
	}
	if watch.Reached, err = atAction(s.cfg, e); err != nil {
		return nil, 0, err
	}
	e.Judged = func(entry *ingest.Entry, v *models.Verdict, a *features.Account, t *features.Table) {
		step.at(v.At)
		watch.Judged(entry, v, a, t)
	}
	if err := e.ReplayRaw(ctx, source, s.shards); err != nil {
		return nil, 0, err
	}
	counts := e.Stats()
	return watch.Report(e.Models), counts.Split.Fetched, unequal(counts.Unbalanced())
}

// days moves a bar on by each day of a stream's event time.
type days struct {
	bar       progress
	from      int64
	done, all int
}

// at takes an event time.
func (d *days) at(at int64) {
	if n := min(int((at-d.from)/dayMs), d.all) - d.done; n > 0 {
		d.done += n
		d.bar.add(n)
	}
}

// end moves the bar on by the days in which nothing was judged.
func (d *days) end() { d.bar.add(d.all - d.done) }
