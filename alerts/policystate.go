package alerts

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// policyVersion is the form of a policy's snapshot.
const policyVersion = 1

// episodeRow is one episode in a snapshot: fixed in size, little endian.
type episodeRow struct {
	Key     episodeKey
	Episode episode
}

// Snapshot writes the episodes in the order of account and harm: the same episodes give the same bytes.
func (p *Policy) Snapshot(w io.Writer) error {
	rows := make([]episodeRow, 0, len(p.episodes))
	for key, e := range p.episodes {
		rows = append(rows, episodeRow{key, e})
	}
	slices.SortFunc(rows, func(a, b episodeRow) int { return a.Key.compare(b.Key) })
	err := binary.Write(w, binary.LittleEndian, [2]uint32{policyVersion, uint32(len(rows))})
	if err == nil {
		err = binary.Write(w, binary.LittleEndian, rows)
	}
	return err
}

// compare orders by account, then harm.
func (k episodeKey) compare(other episodeKey) int {
	return cmp.Or(bytes.Compare(k.Account[:], other.Account[:]), cmp.Compare(k.Harm, other.Harm))
}

// Restore replaces the episodes by those of a snapshot. It reads the snapshot's bytes and no more.
func (p *Policy) Restore(r io.Reader) error {
	var head [2]uint32
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return fmt.Errorf("snapshot of episodes: %w", err)
	}
	if head[0] != policyVersion {
		return fmt.Errorf("snapshot of episodes: version %d is not known, only %d", head[0], policyVersion)
	}
	episodes := make(map[episodeKey]episode)
	var last episodeKey
	for i := range head[1] {
		var row episodeRow
		if err := binary.Read(r, binary.LittleEndian, &row); err != nil {
			return fmt.Errorf("snapshot of episodes: %w", noEOF(err))
		}
		if i > 0 && last.compare(row.Key) >= 0 || int(row.Key.Harm) >= len(p.shadow) || row.Episode.Severity > Critical {
			return errors.New("snapshot of episodes: damaged")
		}
		last = row.Key
		episodes[row.Key] = row.Episode
	}
	p.episodes = episodes
	return nil
}

// noEOF makes an end in the middle an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
