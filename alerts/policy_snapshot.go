package alerts

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
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
		p.swept = len(p.keys)
	}
	if of > 0 {
		for _, key := range p.keys[p.swept*(step-1)/of : p.swept*step/of] {
			if e := p.episodes[key]; e.Number > 0 { // else it was erased, and must not be named again
				p.changed[key] = e
			}
		}
	}
	out := bufio.NewWriterSize(w, 1<<16)
	err := binary.Write(out, binary.LittleEndian, [2]uint32{policyVersion, uint32(len(p.changed))})
	for row := range inOrder(p.changed) {
		if err == nil {
			_, err = out.Write(row.append(out.AvailableBuffer()))
		}
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return err
	}
	clear(p.changed)
	return nil
}

// inOrder returns rows by account and harm. Places in a list are sorted, not rows: a seal stops the shard for it.
func inOrder(episodes map[episodeKey]episode) iter.Seq[*episodeRow] {
	type place struct {
		first uint64 // of the account's bytes, which nearly always decide
		row   int32
	}
	rows, places := make([]episodeRow, 0, len(episodes)), make([]place, 0, len(episodes))
	for key, e := range episodes {
		places = append(places, place{binary.BigEndian.Uint64(key.Account[:]), int32(len(rows))})
		rows = append(rows, episodeRow{key, e})
	}
	slices.SortFunc(places, func(a, b place) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		x, y := &rows[a.row].Key, &rows[b.row].Key
		return cmp.Or(bytes.Compare(x.Account[:], y.Account[:]), cmp.Compare(x.Harm, y.Harm))
	})
	return func(yield func(*episodeRow) bool) {
		for _, p := range places {
			if !yield(&rows[p.row]) {
				return
			}
		}
	}
}

// append appends the bytes of a row as binary.Write has them, which takes more than ten times as long.
func (r *episodeRow) append(b []byte) []byte {
	e := &r.Episode
	b = append(append(append(b, r.Key.Account[:]...), byte(r.Key.Harm)), e.ID[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.End))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.Peak))
	b = binary.LittleEndian.AppendUint32(b, e.Number)
	b = append(binary.LittleEndian.AppendUint32(b, e.Sequence), byte(e.Severity), 0)
	if e.Open {
		b[len(b)-1] = 1
	}
	return b
}

// Changed is about how many bytes the next snapshot has to write.
func (p *Policy) Changed() int64 { return int64(len(p.changed)) * int64(binary.Size(episodeRow{})) }

// Restore takes a snapshot in, after those before it; the first replaces the episodes. It reads the snapshot's bytes and
// no more.
func (p *Policy) Restore(r io.Reader, first, last bool) error {
	err := p.restore(r, policyVersion, first)
	if last {
		p.keys = slices.AppendSeq(p.keys[:0], maps.Keys(p.episodes))
	}
	return err
}

// RestoreFormat1 replaces the episodes by those of a snapshot of version 1, which had them all. They count as changed.
func (p *Policy) RestoreFormat1(r io.Reader) error {
	err := p.restore(r, 1, true)
	p.keys = slices.AppendSeq(p.keys[:0], maps.Keys(p.episodes))
	maps.Copy(p.changed, p.episodes)
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
