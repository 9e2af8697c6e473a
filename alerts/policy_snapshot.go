package alerts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/unopened/unopened/models"
)

// policyVersion is the form of a policy's snapshot.
const policyVersion = 2

// episodeRow is one episode in a snapshot: fixed in size, little endian. One without a number was erased.
type episodeRow struct {
	Key     episodeKey
	Episode episode
}

// Snapshot writes the episodes that changed since the snapshot before, and with of > 0 a part of all that there were when
// part 1 was asked for: parts 1 to of are all of them. They come in the order of account and harm: the same episodes give the same bytes.
func (p *Policy) Snapshot(w io.Writer, step, of int) error {
	if step == 1 {
		p.sweeping = slices.AppendSeq(p.sweeping[:0], maps.Keys(p.episodes))
	}
	if of > 0 {
		n := len(p.sweeping)
		for _, key := range p.sweeping[n*(step-1)/of : n*step/of] {
			if p.episodes[key].Number > 0 { // else it was erased since, and must not be named again
				p.changed[key] = true
			}
		}
	}
	rows := make([]episodeRow, 0, len(p.changed))
	for key := range p.changed {
		rows = append(rows, episodeRow{key, p.episodes[key]})
	}
	slices.SortFunc(rows, func(a, b episodeRow) int {
		return cmp.Or(bytes.Compare(a.Key.Account[:], b.Key.Account[:]), cmp.Compare(a.Key.Harm, b.Key.Harm))
	})
	if err := binary.Write(w, binary.LittleEndian, [2]uint32{policyVersion, uint32(len(rows))}); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, rows); err != nil {
		return err
	}
	clear(p.changed)
	return nil
}

// Changed is about how many bytes the next snapshot has to write.
func (p *Policy) Changed() int64 { return int64(len(p.changed)) * int64(binary.Size(episodeRow{})) }

// Restore takes a snapshot in, after those before it; the first replaces the episodes. It reads the snapshot's bytes and
// no more.
func (p *Policy) Restore(r io.Reader, first, _ bool) error {
	return p.restore(r, policyVersion, first)
}

// RestoreFormat1 replaces the episodes by those of a snapshot of version 1, which had them all. They count as changed.
func (p *Policy) RestoreFormat1(r io.Reader) error {
	err := p.restore(r, 1, true)
	for key := range p.episodes {
		p.changed[key] = true
	}
	return err
}

func (p *Policy) restore(r io.Reader, version uint32, first bool) error {
	var head [2]uint32
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return fmt.Errorf("snapshot of episodes: %w", err)
	}
	if head[0] != version {
		return fmt.Errorf("snapshot of episodes: version %d is not known, only %d", head[0], version)
	}
	if first {
		clear(p.episodes)
	}
	for i := range head[1] {
		var row episodeRow
		if err := binary.Read(r, binary.LittleEndian, &row); err != nil {
			return fmt.Errorf("snapshot of episodes: number %d of %d: %w", i+1, head[1], err)
		}
		if int(row.Key.Harm) >= models.Harms || row.Episode.Severity > Critical {
			return errors.New("snapshot of episodes: damaged")
		}
		if row.Episode.Number == 0 {
			delete(p.episodes, row.Key)
			continue
		}
		p.episodes[row.Key] = row.Episode
	}
	return nil
}
