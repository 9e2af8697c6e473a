package alerts

import (
	"crypto/sha256"
	"io"
	"net/http"
	"sync"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Receiver is the other end of a webhook, for demonstrations and tests: it verifies with the standard's reference
// library, drops repeats by webhook-id, and keeps what it verified as lines. It remembers every id it has seen.
type Receiver struct {
	verifier *standardwebhooks.Webhook
	lines    io.Writer
	mu       sync.Mutex
	seen     map[string][sha256.Size]byte // of the body, by webhook-id
	counts   ReceiverCounts
}

// ReceiverCounts account for the requests that a Receiver got: each is in one of them.
type ReceiverCounts struct {
	Verified   int64 `json:"verified"`   // distinct deliveries
	Duplicates int64 `json:"duplicates"` // verified again, the same bytes
	Changed    int64 `json:"changed"`    // verified again, other bytes: the sender broke its promise
	Refused    int64 `json:"refused"`    // not signed with the secret, too old, too large
}

// NewReceiver returns a receiver for a secret "whsec_…". Each verified alert is written to lines once; nil for none.
func NewReceiver(secret string, lines io.Writer) (*Receiver, error) {
	verifier, err := newSigner(secret)
	if err != nil {
		return nil, err
	}
	return &Receiver{verifier: verifier, lines: lines, seen: make(map[string][sha256.Size]byte)}, nil
}

// ServeHTTP answers 204 to what verifies, 401 to what does not, and 503 where the line could not be written.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err == nil {
		err = r.verifier.Verify(body, req.Header)
	}
	w.WriteHeader(r.book(req.Header.Get(standardwebhooks.HeaderWebhookID), body, err))
}

// book counts a request and returns the status to answer with. refusal says why it was not verified.
func (r *Receiver) book(id string, body []byte, refusal error) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := sha256.Sum256(body)
	before, again := r.seen[id]
	switch {
	case refusal != nil:
		r.counts.Refused++
		return http.StatusUnauthorized
	case again && before == sum:
		r.counts.Duplicates++
		return http.StatusNoContent
	case again:
		r.counts.Changed++
		return http.StatusNoContent
	}
	if r.lines != nil {
		if _, err := r.lines.Write(append(body, '\n')); err != nil {
			return http.StatusServiceUnavailable
		}
	}
	r.seen[id] = sum
	r.counts.Verified++
	return http.StatusNoContent
}

// Counts returns the counters. Any goroutine may call it.
func (r *Receiver) Counts() ReceiverCounts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}
