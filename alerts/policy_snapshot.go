package alerts

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	for key, e := range p.changed {
		p.rows.add(key, e)
	}
	if of > 0 {
		for _, key := range p.keys[p.swept*(step-1)/of : p.swept*step/of] {
			if _, there := p.changed[key]; there {
				continue
			}
			if e := p.episodes[key]; e.Number > 0 { // else it was erased, and must not be named again
				p.rows.add(key, e)
			}
		}
	}
	if err := p.rows.write(w); err != nil {
		return err
	}
	clear(p.changed)
	return nil
}

// rowList are the rows of a snapshot, in memory that is used again: to get fresh pages takes longer than to fill them.
type rowList struct {
	rows   []episodeRow
	places []rowPlace
}

// rowPlace is where a row lies; places are sorted, since they are smaller than rows.
type rowPlace struct {
	first uint64 // of the account's bytes, which nearly always decide
	row   int32
}

func (l *rowList) add(key episodeKey, e episode) {
	l.places = append(l.places, rowPlace{binary.BigEndian.Uint64(key.Account[:]), int32(len(l.rows))})
	l.rows = append(l.rows, episodeRow{key, e})
}

// write writes the rows by account and harm, and empties the list.
func (l *rowList) write(w io.Writer) error {
	slices.SortFunc(l.places, func(a, b rowPlace) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		x, y := &l.rows[a.row].Key, &l.rows[b.row].Key
		return cmp.Or(bytes.Compare(x.Account[:], y.Account[:]), cmp.Compare(x.Harm, y.Harm))
	})
	out := bufio.NewWriterSize(w, 1<<16)
	err := binary.Write(out, binary.LittleEndian, [2]uint32{policyVersion, uint32(len(l.rows))})
	for i := range l.places {
		if err == nil {
			_, err = out.Write(l.rows[l.places[i].row].append(out.AvailableBuffer()))
		}
	}
	clear(l.rows) // who is erased stays in no memory
	l.rows, l.places = l.rows[:0], l.places[:0]
	if err == nil {
		err = out.Flush()
	}
	return err
}

// append appends the bytes of a row as binary.Write has them, whose reflection took most of a seal.
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
