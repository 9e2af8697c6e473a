package alerts

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// candidateVersion is the form of a record of the alert topic.
const candidateVersion = 1

// candidateRecord is a candidate on the alert topic.
type candidateRecord struct {
	V int `json:"v"`
	Candidate
}

// EncodeCandidate returns the candidate as a record of the alert topic: JSON, so that others can read it.
func EncodeCandidate(c *Candidate) []byte {
	data, err := json.Marshal(candidateRecord{candidateVersion, *c})
	if err != nil {
		panic(err) // a policy makes finite numbers only
	}
	return data
}

// DecodeCandidate reads a record of the alert topic. Only the very bytes that EncodeCandidate writes are taken: no
// other field, order, spelling or white space.
func DecodeCandidate(data []byte) (Candidate, error) {
	var r candidateRecord
	if err := json.Unmarshal(data, &r); err != nil {
		return Candidate{}, fmt.Errorf("alert candidate: %w", err)
	}
	if r.V != candidateVersion {
		return Candidate{}, fmt.Errorf("alert candidate: version %d is not known, only %d", r.V, candidateVersion)
	}
	if err := r.check(); err != nil {
		return Candidate{}, fmt.Errorf("alert candidate: %w", err)
	}
	if !bytes.Equal(data, EncodeCandidate(&r.Candidate)) {
		return Candidate{}, errors.New("alert candidate: not in the canonical form")
	}
	return r.Candidate, nil
}

// check tells whether the fields can be what a policy makes.
func (c *Candidate) check() error {
	_, harm := models.ParseHarm(c.Harm)
	switch {
	case !isID(c.ID) || !isID(c.Account):
		return errors.New("id or account is not 32 lower-case hexadecimal digits")
	case c.Type != Opened && c.Type != Updated && c.Type != Closed:
		return errors.New("unknown type")
	case (c.Type == Opened) != (c.Sequence == 0) || c.Sequence < 0 || c.Sequence > math.MaxInt32:
		return errors.New("sequence does not fit the type")
	case !harm:
		return errors.New("unknown harm")
	case slices.Index(SeverityNames[:], c.Severity) < int(High):
		return errors.New("severity is not high or critical")
	case !(c.Score >= 0 && c.Score <= 1) || c.P != nil && !(*c.P >= 0 && *c.P <= 1):
		return errors.New("score or p out of range")
	case c.Episode < 1 || c.At < 0 || c.Reasons == nil || len(c.Reasons) > topReasons:
		return errors.New("episode, at or reasons out of range")
	case c.Cause.Origin != ingest.OriginAccount || c.Cause.Partition < 0 || c.Cause.Offset < 0 || c.Cause.Number < 0:
		return errors.New("cause is not a place in the account topic")
	}
	return nil
}

// isID tells whether s is 32 lower-case hexadecimal digits.
func isID(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 32
}

// webhookID names a delivery: the same for the same alert, type and sequence wherever and whenever it is made.
func webhookID(c *Candidate) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(c.ID+"\x00"+string(c.Type)+"\x00"), uint32(c.Sequence)))
	return "msg_" + hex.EncodeToString(sum[:16])
}
