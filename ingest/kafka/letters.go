package kafka

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/unopened/unopened/ingest"
)

// Letters writes dead letters to the dead topic, one JSON object a record. It implements ingest.Letters: when Bury
// returns nil they are durable. After a crash a letter may be there twice; partition and offset tell.
type Letters struct{ log *Log }

// Letters returns the dead letters' way to the dead topic.
func (c *Cluster) Letters(ctx context.Context) (*Letters, error) {
	log, err := c.Log(ctx, c.config.Topics.Dead, nil)
	if err != nil {
		return nil, err
	}
	return &Letters{log: log}, nil
}

// Bury implements ingest.Letters.
func (l *Letters) Bury(ctx context.Context, letters []ingest.DeadLetter) error {
	parts := make([][][]byte, l.log.Partitions())
	for i := range letters {
		text, err := json.Marshal(&letters[i])
		if err != nil {
			return fmt.Errorf("writing a dead letter: %w", err)
		}
		id := int(letters[i].Partition) % len(parts)
		parts[id] = append(parts[id], text)
	}
	for id, values := range parts {
		if err := l.log.Append(ctx, id, values); err != nil {
			return err
		}
	}
	return nil
}
