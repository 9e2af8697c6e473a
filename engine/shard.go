package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/unopened/unopened/alerts"
	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// RecordStep is how far a score must move until it is recorded again.
const RecordStep = 0.01

// shard is the handler of one partition of the account topic, and with it of all accounts whose key falls there.
// One goroutine runs it: between an entry and its verdict there is no lock, no channel and no clock.
type shard struct {
	engine  *Engine
	part    ingest.Partition
	sealed  sealed
	table   *features.Table
	policy  *alerts.Policy
	window  *window
	scorer  *models.Scorer
	causes  ingest.Causes
	counts  SideCounts
	ahead   ahead
	entry   *ingest.Entry
	verdict models.Verdict
	partly  *features.Account // whose vector has only the features that models look at
	reasons []models.Reason
	found   alerts.Finding
	opened  []alerts.Candidate
	number  int32 // of what the entry at hand has caused so far
	stamps  outgoing
	alerts  outgoing
	keep    Recorder
	flushed func() func(context.Context) error // keep's Flush
	letters []ingest.DeadLetter
}

// OpenShard opens the handler of a partition of the account topic. The caller closes it.
func (e *Engine) OpenShard(ctx context.Context, p ingest.Partition) (ingest.Handler, error) {
	s, err := e.newShard(p)
	if err != nil {
		return nil, err
	}
	if err := s.sealed.load(ctx); err != nil {
		return nil, err
	}
	if moved := s.table.Moved(); moved != "" {
		e.Log.Warn("the state comes from a version with other fields: those that are new begin at zero", "partition", p.ID, "fields", moved)
	}
	s.counts.complete()
	e.held.Add(1)
	e.publishShard(s)
	return s, nil
}

// newShard returns the shard of a partition with nothing in it.
func (e *Engine) newShard(p ingest.Partition) (*shard, error) {
	policy, err := alerts.NewPolicy(e.Alerts, e.Models, e.Key)
	if err != nil {
		return nil, err
	}
	s := &shard{
		engine: e, part: p, policy: policy, causes: ingest.Causes{},
		table:  features.New(e.Features),
		window: newWindow(e.Config.Window.Milliseconds(), e.Config.WindowIDs, e.windowKey()),
		scorer: e.Models.Scorer(),
		stamps: newOutgoing(e.Accounts), alerts: newOutgoing(e.Candidates), keep: e.recorder(),
	}
	s.verdict.Vector, s.flushed = features.NewVector(), s.keep.Flush
	s.verdict.Vector.Only = e.Models.Uses() // all others are read where a verdict is recorded: see find
	s.sealed = e.sealed("score", p, Section{"counts", whole{jsonState{&s.counts}}}, Section{"causes", whole{s.causes}},
		Section{"window", s.window}, Section{"table", s.table}, Section{"policy", s.policy})
	s.sealed.head.Account = p.Topic
	return s, nil
}

// Resume is the offset after the last entry that is in the sealed state.
func (s *shard) Resume() int64 { return s.sealed.next }

// Handle takes a batch of entries. It returns when the stamps and candidates they caused are durable.
func (s *shard) Handle(ctx context.Context, b ingest.Batch) error {
	s.sealed.begin()
	for rest := b.Records; len(rest) > 0; {
		n := s.ahead.read(rest, s.table)
		for i := range n {
			s.entry = s.ahead.entry(i)
			s.step(&rest[i])
		}
		rest = rest[n:]
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	s.counts.Offsets += s.sealed.passes(&b)
	s.counts.Gaps += b.Gap
	s.counts.Lost += b.Lost
	s.engine.publishShard(s)
	return s.sealed.after(ctx, b.Next, s.flushed)
}

// step takes one entry, nil for what is none: what was written again is dropped, a repeat or a late event is not applied, nor
// is a stamp that would bring an erased account back.
func (s *shard) step(r *ingest.Record) {
	s.counts.Read++
	s.number = 0
	s.verdict.Where = ingest.Position{Partition: int32(s.sealed.head.First + s.part.ID), Offset: r.Offset}
	if s.entry == nil {
		s.counts.Refused++
		s.letters = append(s.letters, ingest.NewDeadLetter(s.part, r, ingest.RefusedEntry))
		return
	}
	if !s.causes.Fresh(&s.entry.Cause) {
		s.counts.Duplicate++
		s.counts.Resent++
		return
	}
	switch s.entry.Kind {
	case ingest.EntryStamp:
		s.counts.Stamps++
		if s.window.outlived(&s.entry.Stamp) {
			return
		}
		account := s.table.ApplyStamp(&s.entry.Stamp, &s.verdict.Vector)
		s.stamp()
		s.judge(account, s.entry.Stamp.Event)
		s.applied()
	case ingest.EntryControl:
		if s.window.again(&s.entry.Event) {
			s.counts.Duplicate++
			return
		}
		s.counts.Control++
		s.control(&s.entry.Event)
		s.applied()
	default:
		s.side(r, &s.entry.Event)
	}
}

// side takes the side of an event: the corridor from event to verdict.
func (s *shard) side(r *ingest.Record, ev *ingest.Event) {
	switch s.window.admit(ev) {
	case tooLate:
		s.counts.Late++
		s.letters = append(s.letters, ingest.NewDeadLetter(s.part, r, ingest.RefusedLate))
		return
	case repeated:
		s.counts.Duplicate++
		return
	}
	s.counts.Applied++
	account := s.table.Observe(ev, &s.verdict.Vector)
	s.stamp()
	if account == nil {
		s.counts.Places++
		return
	}
	s.keep.Event(ev, s.verdict.Where)
	s.judge(account, ev.ID)
	s.applied()
}

// applied shows the entry at hand to whoever follows the engine.
func (s *shard) applied() {
	if s.engine.Applied != nil {
		s.engine.Applied(s.entry, s.table)
	}
}

// judge scores an account after an event, records what moved, and lets the policy decide.
func (s *shard) judge(account *features.Account, event ingest.EventID) {
	if account == nil || account.Objected() {
		return
	}
	v := &s.verdict
	v.Account, v.Event, v.At = account.ID, event, account.Last
	s.partly = account
	s.scorer.Score(&v.Vector, &v.Scores)
	if s.engine.Judged != nil {
		s.engine.Judged(s.entry, v, account, s.table)
	}
	for h := range models.Harm(models.Harms) {
		if v.Scores[h].Assessable {
			s.record(&account.Memo[h], h)
		}
		s.opened = s.policy.Decide(v, h, s.opened[:0])
		s.propose()
	}
}

// record hands a harm's score to the recorder if it has moved far enough from the one recorded before.
func (s *shard) record(memo *float32, h models.Harm) {
	value := s.verdict.Scores[h].Value
	before := float64(*memo)
	if math.IsNaN(before) {
		before = 0
	}
	if math.Abs(value-before) < RecordStep {
		return
	}
	*memo = float32(value)
	s.find(h, false)
}

// propose sends the candidates that the policy made to the alert topic.
func (s *shard) propose() {
	for i := range s.opened {
		s.opened[i].Cause = s.cause()
		s.alerts.raw(0, alerts.EncodeCandidate(&s.opened[i]))
	}
}

// stamp sends the stamps that the event caused. In a replay of the account topic they are in the log already.
func (s *shard) stamp() {
	for i := range s.table.Stamps {
		e := ingest.Entry{Kind: ingest.EntryStamp, Cause: s.cause(), Stamp: s.table.Stamps[i]}
		s.stamps.entry(ingest.PartitionOf(e.Stamp.Subject, max(1, len(s.stamps.parts))), &e)
	}
	s.table.Stamps = s.table.Stamps[:0]
}

// cause names the next thing that the entry at hand causes. Numbers go up over stamps and candidates together.
func (s *shard) cause() ingest.Cause {
	s.number++
	return ingest.Cause{Origin: ingest.OriginAccount, Partition: s.verdict.Where.Partition, Offset: s.verdict.Where.Offset, Number: s.number}
}

// control carries out a control record. Every partition gets one: an erasure concerns all, since any account may have
// the person among its contacts; the others concern the shard that holds the account.
func (s *shard) control(ev *ingest.Event) {
	if ev.Type == ingest.Erase {
		s.policy.Erase(ev.Subject)
		s.window.erased(ev)
		s.sealed.forget()
	} else if ingest.PartitionOf(ev.Subject, s.part.Count) != s.part.ID {
		return
	}
	s.table.Control(ev)
}

// flush makes what was caused durable.
func (s *shard) flush(ctx context.Context) error {
	if err := s.stamps.flush(ctx); err != nil {
		return fmt.Errorf("writing stamps to the account topic: %w", err)
	}
	if err := s.alerts.flush(ctx); err != nil {
		return fmt.Errorf("writing candidates to the alert topic: %w", err)
	}
	if len(s.letters) > 0 {
		if err := s.engine.Letters.Bury(ctx, s.letters); err != nil {
			return fmt.Errorf("writing dead letters: %w", err)
		}
		s.counts.Letters += int64(len(s.letters))
		s.letters = s.letters[:0]
	}
	return nil
}

// Close seals what was handled and lets the partition go.
func (s *shard) Close(ctx context.Context) error {
	s.engine.held.Add(-1)
	if s.engine.Finals && s.engine.context.Err() == nil {
		s.finals()
	}
	if s.engine.Closing != nil {
		s.engine.Closing(s.table)
	}
	s.engine.closeShard(s)
	s.engine.rest("score", s.part.ID)
	if s.engine.taken() {
		s.engine.forgetShard(s.part.ID)
	}
	return s.sealed.leave(ctx, s.keep.Flush())
}
