package alerts

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"

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

// DecodeCandidate reads a record of the alert topic and tells whether it is one. Only the very bytes that
// EncodeCandidate writes are taken: no other version, field, order, spelling or white space.
func DecodeCandidate(data []byte) (Candidate, bool) {
	var r candidateRecord
	if json.Unmarshal(data, &r) != nil || !r.valid() || !bytes.Equal(data, EncodeCandidate(&r.Candidate)) {
		return Candidate{}, false
	}
	return r.Candidate, true
}

// valid tells whether the fields can be what a policy makes.
func (c *Candidate) valid() bool {
	_, harm := models.ParseHarm(c.Harm)
	severity := slices.Index(SeverityNames[:], c.Severity)
	return isID(c.ID) && isID(c.Account) && harm && severity >= int(High) &&
		(c.Type == Opened && c.Sequence == 0 || (c.Type == Updated || c.Type == Closed) && c.Sequence > 0) && c.Sequence <= math.MaxInt32 &&
		c.Score >= 0 && c.Score <= 1 && (c.P == nil || *c.P >= 0 && *c.P <= 1) &&
		c.Episode >= 1 && c.At >= 0 && c.Reasons != nil && len(c.Reasons) <= topReasons &&
		c.Cause.Origin == ingest.OriginAccount && c.Cause.Partition >= 0 && c.Cause.Offset >= 0 && c.Cause.Number >= 0
}

// isID tells whether s is 32 lower-case hexadecimal digits.
func isID(s string) bool { return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" }

// webhookID names a delivery: the same for the same alert, type and sequence wherever and whenever it is made.
func webhookID(c *Candidate) string {
	sum := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(c.ID+"\x00"+string(c.Type)+"\x00"), uint32(c.Sequence)))
	return "msg_" + hex.EncodeToString(sum[:16])
}
