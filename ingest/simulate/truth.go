package simulate

import (
	"encoding/json"
	"io"
)

// Account is the truth about one account: an innocent persona, or its part in a campaign.
type Account struct {
	Account  string `json:"account"` // 32 hexadecimal digits
	Persona  string `json:"persona,omitempty"`
	Campaign string `json:"campaign,omitempty"`
	Variant  string `json:"variant,omitempty"` // how the campaign evades
	Part     string `json:"part,omitempty"`    // "accomplice" of one that does nothing but prop the others up; else empty
	Harm     string `json:"harm,omitempty"`    // the contract's name
	// From is when the abuse begins, Unix milliseconds: the registration of an account made for it, the first
	// abusive act of an older one, the stranger's login of one that was taken over.
	From int64 `json:"from,omitempty"`
}

// Truth returns the truth about every account, also of those that never act. It holds from New on.
func (s *Simulator) Truth() []Account {
	truth := make([]Account, len(s.accounts))
	for i, a := range s.accounts {
		truth[i] = Account{Account: a.id.String(), Persona: a.persona}
		if a.crew != nil {
			truth[i] = Account{
				Account: a.id.String(), Campaign: a.crew.kind.name, Variant: a.crew.variant, Part: a.part,
				Harm: a.crew.kind.harm.String(), From: max(a.from, s.scenario.Start),
			}
		}
	}
	return truth
}

// WriteTruth writes one JSON line an account.
func WriteTruth(w io.Writer, truth []Account) error {
	lines := json.NewEncoder(w)
	for i := range truth {
		if err := lines.Encode(&truth[i]); err != nil {
			return err
		}
	}
	return nil
}
