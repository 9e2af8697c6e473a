package main

import (
	"context"
	"fmt"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/ingest/simulate"
)

// produceEach is how many records go into one request.
const produceEach = 1000

// produced counts what was produced.
type produced struct {
	Records     int64
	Hostile     int64
	Repeats     int64
	Sides       int64 // sides that the events have, without repeats: as many must be applied
	RepeatSides int64 // sides that the repeats have: as many must be recognised
}

// producer writes a simulation to the raw topic, each account's acts to one partition.
type producer struct {
	log     *kafka.Log
	done    produced
	pending [][][]byte
	routed  []ingest.Routed
}

// produce writes the whole simulation. It tells step after each request how far it is.
func produce(ctx context.Context, cluster *kafka.Cluster, sim simulation, step func(produced)) (produced, error) {
	log, err := cluster.Log(ctx, cluster.Topics().Raw, nil)
	if err != nil {
		return produced{}, err
	}
	p := &producer{log: log, pending: make([][][]byte, log.Partitions())}
	for {
		line, item, more := sim.Next(nil)
		if !more {
			break
		}
		p.add(line, &item)
		if p.done.Records%int64(produceEach*len(p.pending)) == 0 {
			if err := p.flush(ctx); err != nil {
				return p.done, err
			}
			step(p.done)
		}
	}
	err = p.flush(ctx)
	step(p.done)
	return p.done, err
}

// add takes a line for the partition whose turn it is.
func (p *producer) add(line []byte, item *simulate.Item) {
	partition := int(p.done.Records) % len(p.pending)
	if item.Event != nil { // as a messenger would, so that what one account does stays in order
		who := item.Event.Subject
		if who.IsZero() { // under sealed sender
			who = item.Event.Peer
		}
		partition = ingest.PartitionOf(who, len(p.pending))
	}
	p.pending[partition] = append(p.pending[partition], line)
	p.done.Records++
	if item.Kind == simulate.Hostile {
		p.done.Hostile++
		return
	}
	p.routed = ingest.Split(p.routed[:0], item.Event, ingest.Cause{}, 1)
	if item.Kind == simulate.Repeat {
		p.done.Repeats++
		p.done.RepeatSides += int64(len(p.routed))
	} else {
		p.done.Sides += int64(len(p.routed))
	}
}

// flush writes what is pending.
func (p *producer) flush(ctx context.Context) error {
	for i, lines := range p.pending {
		if len(lines) == 0 {
			continue
		}
		if err := p.log.Append(ctx, i, lines); err != nil {
			return fmt.Errorf("producing to the raw topic: %w", err)
		}
		p.pending[i] = lines[:0]
	}
	return nil
}
