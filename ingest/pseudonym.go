package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Domain separates the pseudonyms of one key by what they name. No domain is the beginning of another, so domain ‖ id
// is never the same for two pairs.
type Domain string

// The domains.
const (
	DomainAccount      Domain = "account"      // actor and target
	DomainConversation Domain = "conversation" // conversation
	DomainDevice       Domain = "device"       // device, 8 bytes
	DomainNetwork      Domain = "network"      // network, 8 bytes
	DomainEvent        Domain = "event"        // ids of events that had none
)

// Pseudonymiser makes the contract's pseudonyms with one key. It is not for concurrent use.
type Pseudonymiser struct {
	mac hash.Hash
	sum []byte
	buf []byte
}

// NewPseudonymiser returns a pseudonymiser with the given key (see ReadKey).
func NewPseudonymiser(key []byte) *Pseudonymiser {
	return &Pseudonymiser{mac: hmac.New(sha256.New, key)}
}

// ID returns the first 16 bytes of HMAC-SHA-256(key, domain ‖ id) (RFC 2104).
func (p *Pseudonymiser) ID(domain Domain, id string) SubjectID {
	return SubjectID(p.digest(domain, id)[:16])
}

// Hash returns the first 8 bytes of the same, big endian: the 16 digits of a device or network.
func (p *Pseudonymiser) Hash(domain Domain, id string) uint64 {
	return binary.BigEndian.Uint64(p.digest(domain, id))
}

func (p *Pseudonymiser) digest(domain Domain, id string) []byte {
	p.buf = append(append(p.buf[:0], domain...), id...)
	p.mac.Reset()
	p.mac.Write(p.buf)
	p.sum = p.mac.Sum(p.sum[:0])
	return p.sum
}
