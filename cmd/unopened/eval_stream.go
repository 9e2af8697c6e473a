package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/engine"
	"github.com/unopened/unopened/evaluate"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/file"
	"github.com/unopened/unopened/ingest/simulate"
	"github.com/unopened/unopened/models"
)

// truthStream is a stream of events with the truth about its accounts.
type truthStream struct {
	name    string
	source  ingest.Source
	truth   []evaluate.Account
	span    span  // of event time; zero where it was not looked up
	records int64 // -1 where they were not counted
}

// stream opens what is evaluated.
func (f *evalFlags) stream(ctx context.Context, files []string) (*truthStream, error) {
	if f.simulate {
		w, err := f.world.read()
		if err != nil {
			return nil, err
		}
		return simulatedStream(w)
	}
	s := &truthStream{name: files[0], source: &file.Source{Paths: files, Batch: f.batch}, records: -1}
	if len(files) > 1 {
		s.name = fmt.Sprintf("%s and %d files more", files[0], len(files)-1)
	}
	in, err := file.Open(f.truth)
	if err != nil {
		return nil, usageError{err}
	}
	s.truth, err = evaluate.ReadTruth(in, f.truth)
	if err := errors.Join(err, in.Close()); err != nil {
		return nil, usageError{err}
	}
	if f.windows > 1 {
		return s, s.lookThrough(ctx)
	}
	return s, nil
}

// lookThrough finds from when to when the events are: windows are equal parts of that.
func (s *truthStream) lookThrough(ctx context.Context) error {
	bar := newProgress("looking through", "records", -1)
	defer bar.done()
	all := &survey{step: bar.add}
	if err := errors.Join(s.source.Run(ctx, all.open), ctx.Err()); err != nil {
		return err
	}
	sum := all.sum()
	s.span, s.records = sum.events, sum.counts.Fetched
	return nil
}

// simulatedStream is a stream that the simulator makes while it is read.
func simulatedStream(w simulate.Scenario) (*truthStream, error) {
	sim := simulate.New(w)
	var lines bytes.Buffer
	if err := simulate.WriteTruth(&lines, sim.Truth()); err != nil {
		return nil, err
	}
	truth, err := evaluate.ReadTruth(&lines, "the simulation's truth")
	if err != nil {
		return nil, usageError{err}
	}
	s := &truthStream{name: "a simulation", source: madeUp{sim}, truth: truth, records: -1}
	s.span.first, s.span.last = w.Start, w.Start+int64(w.Days)*dayMs-1
	return s, nil
}

// dayMs is a day in milliseconds.
const dayMs = 86_400_000

// run reads the stream through the engine.
func (s *truthStream) run(ctx context.Context, e *engine.Engine, labels *evaluate.Labels, shards int) error {
	bar := newProgress("evaluating", "records", s.records)
	defer bar.done()
	source := ingest.Source(watched{s.source, bar})
	if labels != nil {
		source = labelledSource{source, labels}
	}
	return e.ReplayRaw(ctx, source, shards)
}

// labelledSource is a source into which labels are written.
type labelledSource struct {
	ingest.Source
	labels *evaluate.Labels
}

// Run runs the source.
func (s labelledSource) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) error {
	return s.Source.Run(ctx, s.labels.Into(open))
}

// madeUp is a simulator as a source.
type madeUp struct{ *simulate.Simulator }

// Run hands all lines over.
func (s madeUp) Run(ctx context.Context, open func(context.Context, ingest.Partition) (ingest.Handler, error)) (err error) {
	h, err := open(ctx, ingest.Partition{Topic: "simulation", Count: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	var batch [produceEach]ingest.Record
	var line []byte
	for offset := int64(0); ; {
		n := 0
		for ; n < len(batch); n++ {
			start := len(line)
			var more bool
			if line, _, more = s.Next(line); !more {
				break
			}
			batch[n] = ingest.Record{Offset: offset, Value: line[start:len(line):len(line)], Size: len(line) - start}
			offset++
		}
		if err := errors.Join(ctx.Err(), h.Handle(ctx, ingest.Batch{Records: batch[:n], Next: offset, CaughtUp: n < len(batch)})); err != nil {
			return err
		}
		if n < len(batch) {
			return nil
		}
		line = line[:0]
	}
}

// atAction tells of verdicts whether an alert would open, were every harm promoted.
func atAction(cfg *configs.Config, e *engine.Engine) (func(models.Harm, *models.Verdict) bool, error) {
	policy, err := alerts.NewPolicy(cfg.Alerts, e.Models, e.Key)
	if err != nil {
		return nil, usageError{err}
	}
	return func(h models.Harm, v *models.Verdict) bool {
		return v.Vector.Events >= cfg.Alerts.MinimumEvents && policy.Severity(h, &v.Scores[h]) >= alerts.High
	}, nil
}

// check refuses figures that say nothing.
func (e *evaluation) check(s *engine.Stats, abusive bool) error {
	switch a := &e.Accounts; {
	case s.Split.Accepted == 0:
		return fmt.Errorf("%s has no event that was accepted; \"unopened check --events FILE\" tells why", e.Stream.Source)
	case abusive && a.Members == 0:
		return fmt.Errorf("none of the abusive accounts in the truth acts in %s from its \"from\" on (%d innocent ones do, and %d accounts are not in the truth): these are other events, or other pseudonyms",
			e.Stream.Source, a.Innocent, a.Unknown)
	case a.Innocent == 0:
		return fmt.Errorf("none of the innocent accounts in the truth acts in %s: no harm has a negative, so nothing can be said of false alarms; give the truth of the others too", e.Stream.Source)
	}
	return nil
}
