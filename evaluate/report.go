package evaluate

// Report is an evaluation. Its JSON names are stable. "Positives" of a harm are the acting members of its campaigns,
// "negatives" the innocent accounts; accounts of other harms' campaigns and accomplices are neither.
type Report struct {
	Accounts  Accounts         `json:"accounts"`
	Labels    map[string]int   `json:"labels"` // written into the stream, by verdict
	Harms     []Harm           `json:"harms"`
	Campaigns []Campaign       `json:"campaigns"`
	Personas  []Persona        `json:"personas"`
	Hurt      []Hurt           `json:"hurt"`
	Features  []FeatureRanking `json:"features,omitempty"`
}

// Accounts are how many accounts the truth has, and who is left out.
type Accounts struct {
	Innocent    int `json:"innocent"`    // that acted
	Members     int `json:"members"`     // that acted since their abuse began
	Accomplices int `json:"accomplices"` // left out
	Silent      int `json:"silent"`      // left out: never acted, or not before a label came
	// SilentMembers of these are abusive: they are in no recall.
	SilentMembers int `json:"silent_members"`
	Unknown       int `json:"unknown"`  // accounts of the stream that the truth does not have
	Labelled      int `json:"labelled"` // whose evaluation ended at a label
}

// Harm is the evaluation of one harm.
type Harm struct {
	Harm       string   `json:"harm"`
	Model      string   `json:"model"`
	Off        bool     `json:"off,omitempty"`
	Assessable bool     `json:"assessable"`
	Missing    []string `json:"missing,omitempty"` // fields of the contract, where no account could be assessed
	Positives  int      `json:"positives"`
	Negatives  int      `json:"negatives"`
	// The accounts that could be assessed; the others rank below all, and are never flagged.
	AssessedPositives int        `json:"assessed_positives"`
	AssessedNegatives int        `json:"assessed_negatives"`
	Rankings          []Ranked   `json:"rankings,omitempty"` // the model, its trivial rule, "the account is new"
	Above             *Above     `json:"above_rule,omitempty"`
	Action            *Action    `json:"action,omitempty"`
	Calibrate         *Calibrate `json:"calibration,omitempty"`
	Ages              []Slice    `json:"ages,omitempty"`
	Windows           []Slice    `json:"windows,omitempty"`
	Worst             *Worst     `json:"worst_window,omitempty"`
	Drift             []Drift    `json:"drift,omitempty"`
}

// Ranked is what one signal comes to.
type Ranked struct {
	By         string              `json:"by"` // "model", or the feature that is the rule
	AUC        Estimate            `json:"auc"`
	AP         Estimate            `json:"average_precision"`
	Recall     AtNominal[Estimate] `json:"recall_at_fpr"`
	Thresholds AtNominal[Number]   `json:"threshold_at_fpr"`    // margins
	Budget     Share               `json:"precision_at_budget"` // of whom the analysts looked at
	Found      Share               `json:"recall_at_budget"`
	Curve      [][2]Number         `json:"curve"` // false-positive rate and recall
}

// Above is by how much the model is better than its rule, on the same draws of accounts: where an interval has 0 in it, the
// data cannot tell them apart.
type Above struct {
	AUC Estimate `json:"auc"`
	AP  Estimate `json:"average_precision"`
}

// Action is what happens at the action threshold, and when.
type Action struct {
	Recall    Share `json:"recall"`
	FPR       Share `json:"fpr"`
	Precision Share `json:"precision"`
	// Before detection, over the members that were detected.
	Firsts  Before   `json:"first_contacts"`
	Minors  Before   `json:"minors"`
	Victims Before   `json:"victims"`
	Hours   Before   `json:"hours"`
	Within  []Within `json:"within,omitempty"`
	// Delays has the hours to detection of each detected member, sorted.
	Delays []Number `json:"delays_hours"`
}

// Before is how much there was before detection.
type Before struct {
	Median Estimate `json:"median"`
	P90    Estimate `json:"p90"`
}

// Within is the share of all members that were detected by so many of something.
type Within struct {
	What  string `json:"what"`
	Limit int    `json:"limit"`
	Share Share  `json:"share"`
}

// Calibrate compares scores with what is true, over the accounts that could be assessed.
type Calibrate struct {
	Error Estimate   `json:"expected_calibration_error"`
	Bins  []ScoreBin `json:"bins"`
}

// ScoreBin is the accounts whose greatest score lies from From up to but without To.
type ScoreBin struct {
	From    Number `json:"from"`
	To      Number `json:"to"`
	Score   Number `json:"mean_score"`
	Abusive Share  `json:"abusive"`
}

// Slice is a part of the accounts (by age) or of the time (by window).
type Slice struct {
	Name      string   `json:"name"`
	Positives int      `json:"positives"`
	Negatives int      `json:"negatives"`
	AUC       Estimate `json:"auc"`
	AP        Estimate `json:"average_precision"`
	Recall    *Share   `json:"recall,omitempty"` // at the action threshold
	FPR       *Share   `json:"fpr,omitempty"`
}

// Worst is the least of the windows.
type Worst struct {
	AUC Number `json:"auc"`
	AP  Number `json:"average_precision"`
}

// Drift is what a threshold that gave the nominal rate in one window gives in the next.
type Drift struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Nominal  Number `json:"nominal_fpr"`
	Realised Share  `json:"realised_fpr"`
	Ratio    Number `json:"ratio"`
}

// Campaign is the recall of one way of one abuse; without figures where its harm could not be assessed.
type Campaign struct {
	Campaign   string           `json:"campaign"`
	Variant    string           `json:"variant"`
	Harm       string           `json:"harm"`
	Accounts   int              `json:"accounts"`
	Assessable bool             `json:"assessable"`
	Action     Share            `json:"recall_at_action"`
	Nominal    AtNominal[Share] `json:"recall_at_fpr"`
	// Victims is the mean, over the accounts, of the innocent accounts to which each wrote before it was detected at the action
	// threshold; all of them where it never was, or could not be.
	Victims Estimate `json:"victims_before_detection"`
}

// Persona is how often innocent accounts of a kind are flagged; without figures where no harm could be assessed.
type Persona struct {
	Persona  string      `json:"persona"`
	Accounts int         `json:"accounts"`
	Any      Share       `json:"fpr_at_action"` // for any harm
	Harms    []PersonaBy `json:"harms"`
}

// PersonaBy is a persona's rates for one harm.
type PersonaBy struct {
	Harm    string `json:"harm"`
	Action  Share  `json:"fpr_at_action"`
	Nominal Share  `json:"fpr_at_nominal_0.01"`
}

// Hurt names a persona that is flagged more often than others: the lower bound of its rate lies above Unfair times the
// rate of all innocent accounts.
type Hurt struct {
	Persona string `json:"persona"`
	Harm    string `json:"harm"` // "any" for any of them
	At      string `json:"at"`   // "action" or "nominal 0.01"
	FPR     Share  `json:"fpr"`
	Overall Share  `json:"overall"`
}

// Unfair is by how many times a persona's rate may exceed that of all innocent accounts. Of fewer than LeastHurt flagged
// accounts nothing is named: among so many personas and harms one or two are flagged by chance.
const (
	Unfair    = 1.25
	LeastHurt = 5
)

// FeatureRanking is how well one feature separates a harm by itself, whatever its direction.
type FeatureRanking struct {
	Harm    string `json:"harm"`
	Feature string `json:"feature"`
	AUC     Number `json:"auc"`     // of the better extreme, in the better direction
	Extreme string `json:"extreme"` // "greatest" or "least" value of the account
	Speaks  string `json:"speaks"`  // "more is worse" or "less is worse"
}
