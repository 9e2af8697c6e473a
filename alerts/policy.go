package alerts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/unopened/unopened/features"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/models"
)

// minKey is the shortest identity key, in bytes.
const minKey = 16

// Policy finds the severity of a shard's verdicts and keeps the episodes of its accounts. One goroutine uses it.
// It knows event time only, so a replay of the same log makes the same candidates.
type Policy struct {
	cfg      Config
	bands    [models.Harms]Bands
	shadow   [models.Harms]bool
	coolDown int64 // milliseconds
	since    int64 // event time before which nothing is told, Unix milliseconds
	key      []byte
	models   explainer
	reasons  []models.Reason
	episodes map[episodeKey]episode
	changed  map[episodeKey]episode // since the last snapshot
	keys     []episodeKey           // of episodes; zero in the place of one that was erased
	swept    int                    // keys that there were when the sweep at hand began
	rows     rowList                // of the snapshot at hand
}

// explainer is models.Set as far as a policy needs it.
type explainer interface {
	Explain(h models.Harm, v *features.Vector, dst []models.Reason) []models.Reason
	Name(h models.Harm) string
}

// episodeKey and episode hold no pointer, so the collector does not look into the map.
type episodeKey struct {
	Account ingest.SubjectID
	Harm    models.Harm
}

// episode is the time during which one alert speaks for an account and harm.
type episode struct {
	ID       [16]byte // of the alert
	End      int64    // event time, Unix milliseconds: last qualifying event + cool-down
	Peak     float64  // highest score, rounded
	Number   uint32   // from 1; counts on after the episode is closed
	Sequence uint32   // of the last candidate that went out
	Severity Severity // highest
	Open     bool
}

// NewPolicy returns a policy without episodes. key is the deployment's identity key; only a policy under which no
// harm is promoted can do without.
func NewPolicy(cfg Config, set *models.Set, key []byte) (*Policy, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if len(cfg.Promoted) > 0 && len(key) < minKey {
		return nil, errors.New("alerts.key_file: the key is shorter than 16 bytes; `unopened keys` makes one")
	}
	p := &Policy{cfg: cfg, coolDown: cfg.CoolDown.Milliseconds(), key: key, models: set, episodes: make(map[episodeKey]episode), changed: make(map[episodeKey]episode)}
	p.since, _ = cfg.SinceMs() // it was validated
	for h, name := range models.Names {
		p.shadow[h] = !slices.Contains(cfg.Promoted, name)
		p.bands[h] = DefaultBands
		if own, ok := cfg.Bands[name]; ok {
			p.bands[h] = own
		}
	}
	return p, nil
}

// Shadow tells whether a harm is recorded only: it has not been promoted, and no alert comes of it.
func (p *Policy) Shadow(h models.Harm) bool { return p.shadow[h] }

// Severity returns the band of a score as it is published (see Round); None where there is no score.
func (p *Policy) Severity(h models.Harm, s *models.Score) Severity {
	if !s.Assessable || s.Off {
		return None
	}
	b, score := &p.bands[h], Round(s.Value)
	switch {
	case score >= b.Critical:
		return Critical
	case score >= b.High:
		return High
	case score >= b.Medium:
		return Medium
	case score >= b.Low:
		return Low
	}
	return None
}

// Decide appends to dst what one harm of a verdict has to tell the desk: an episode that is over is closed, one
// opens where the score reaches High, an open one is updated when its severity rises. It allocates nothing where
// there is nothing to tell, and nothing is told of a verdict from before Config.Since. Cause is left to the caller.
func (p *Policy) Decide(v *models.Verdict, h models.Harm, dst []Candidate) []Candidate {
	if p.shadow[h] || v.At < p.since {
		return dst
	}
	severity := p.Severity(h, &v.Scores[h])
	qualifies := severity >= High && v.Vector.Events >= p.cfg.MinimumEvents
	key := episodeKey{v.Account, h}
	e := p.episodes[key]
	over := e.Open && v.At > e.End
	if over {
		e.Open = false
		dst = append(dst, p.candidate(v, h, &e, Closed))
	}
	if qualifies {
		dst = p.qualify(v, h, &e, severity, dst)
	}
	if over || qualifies {
		p.keep(key, e)
	}
	return dst
}

// keep puts an episode where it belongs.
func (p *Policy) keep(key episodeKey, e episode) {
	if p.episodes[key].Number == 0 {
		p.keys = append(p.keys, key)
	}
	p.episodes[key], p.changed[key] = e, e
}

// qualify takes a score at or above the action threshold into the account's episode.
func (p *Policy) qualify(v *models.Verdict, h models.Harm, e *episode, severity Severity, dst []Candidate) []Candidate {
	score := Round(v.Scores[h].Value)
	if !e.Open {
		*e = episode{ID: p.alertID(v, h), Number: e.Number + 1, Severity: severity, Peak: score, End: v.At + p.coolDown, Open: true}
		return append(dst, p.candidate(v, h, e, Opened))
	}
	e.End = max(e.End, v.At+p.coolDown)
	e.Peak = max(e.Peak, score)
	if severity > e.Severity {
		e.Severity = severity
		dst = append(dst, p.candidate(v, h, e, Updated))
	}
	return dst
}

// candidate makes what goes out. An alert that is opened or updated has the verdict's score and reasons; a closed
// one sums the episode up: its highest severity and score, and no reasons, since the account's behaviour now is not
// why it was opened.
func (p *Policy) candidate(v *models.Verdict, h models.Harm, e *episode, t Type) Candidate {
	if t != Opened {
		e.Sequence++
	}
	c := Candidate{Sequence: int(e.Sequence), Alert: Alert{
		ID: hex.EncodeToString(e.ID[:]), Type: t, At: v.At, Account: v.Account.String(), Harm: h.String(),
		Severity: e.Severity.String(), Score: e.Peak, Episode: int(e.Number), Reasons: []ReasonLine{}, Model: p.models.Name(h),
	}}
	if p.cfg.Console != "" {
		c.Links.Console = p.cfg.Console + "/alerts/" + c.ID
	}
	if t != Closed {
		c.Score = Round(v.Scores[h].Value)
		p.reasons = p.models.Explain(h, &v.Vector, p.reasons[:0])
		c.Reasons = reasonLines(models.Top(p.reasons, topReasons))
	}
	return c
}

// alertID is a keyed hash of what makes the alert: tenant, harm, account and the event that opens it. Each part
// has its length before it, so no two lists of parts hash alike.
func (p *Policy) alertID(v *models.Verdict, h models.Harm) (id [16]byte) {
	mac := hmac.New(sha256.New, p.key)
	for _, part := range [][]byte{[]byte("unopened alert"), []byte(p.cfg.Tenant), []byte(h.String()), v.Account[:], v.Event[:]} {
		_ = binary.Write(mac, binary.BigEndian, uint32(len(part))) // a hash takes everything
		mac.Write(part)
	}
	copy(id[:], mac.Sum(nil))
	return id
}

// Erase forgets the account's episodes.
func (p *Policy) Erase(account ingest.SubjectID) {
	for h := range models.Harm(models.Harms) {
		if key := (episodeKey{account, h}); p.episodes[key].Number > 0 {
			delete(p.episodes, key)
			p.changed[key] = episode{}
			p.keys[slices.Index(p.keys, key)] = episodeKey{}
		}
	}
}

// Adopt copies from another policy the episodes of the accounts that mine names.
func (p *Policy) Adopt(from *Policy, mine func(ingest.SubjectID) bool) {
	for key, e := range from.episodes {
		if mine(key.Account) {
			p.keep(key, e)
		}
	}
}

// Episodes is the number of episodes that the policy remembers, open or closed.
func (p *Policy) Episodes() int { return len(p.episodes) }
