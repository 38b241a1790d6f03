package lifecycle

import "time"

// State is how far somebody has come, and what teams make of it.
type State struct {
	// Stage is the highest stage of the ladder that anything speaks for, or a state beside it; "" when nothing says
	// anything. Rank is that of the ladder in any case: 60 for a former customer, 20 for a disqualified lead.
	Stage string `json:"stage"`
	Rank  int    `json:"rank"`
	// Since is when Stage was entered, zero when no evidence has a time.
	Since     time.Time            `json:"since,omitzero"`
	EnteredAt map[string]time.Time `json:"entered_at,omitempty"` // stage → its earliest evidence
	Sources   []string             `json:"sources,omitempty"`    // of Stage, ascending, at most MaxSources

	Category    string `json:"category"`    // lead, prospect, opportunity or contact
	Temperature string `json:"temperature"` // cold, mql or sql
	Journey     string `json:"journey"`     // awareness, interest, consideration, decision, action, retention or advocacy
	CRMCycle    string `json:"crm_cycle"`   // reach, engage, convert, retain or loyalty
	Active      bool   `json:"active"`      // bought within Settings.Active, or has a live subscription
	// Next is when the state changes by itself if nothing happens; zero = never.
	Next time.Time `json:"next,omitzero"`
	Why  []Reason  `json:"why,omitempty"` // by rank, highest first, at most MaxReasons
}

// MaxSources and MaxReasons bound what a State tells.
const (
	MaxSources = 20
	MaxReasons = 50
)

// Reason is one piece of evidence: the earliest for its stage, a word that no table knows (Stage is "" then), or what
// put somebody beside the ladder. What is made of tokens only, never of names or addresses.
type Reason struct {
	Stage  string    `json:"stage"`
	Rank   int       `json:"rank"`
	At     time.Time `json:"at,omitzero"`
	Source string    `json:"source,omitempty"`
	What   string    `json:"what"`

	word             string // the vendor's, that ends What
	side, past, hand bool
}

// views fills in what follows from stage, rank and purchases.
func (d *derivation) views() {
	st := &d.state
	rank := st.Rank
	if sides[st.Stage] && st.Stage != Former {
		rank = 0
	}
	switch fits := d.e.ICP && d.e.Authority; {
	case d.bought || rank >= ranks[Customer] || st.Stage == Former:
		st.Category = "contact"
	case d.open || rank >= ranks[Opportunity]:
		st.Category = Opportunity
	case fits || rank >= ranks[SQL]:
		st.Category = Prospect
	default:
		st.Category = Lead
	}
	switch {
	case rank >= ranks[SQL] && rank < ranks[Customer]:
		st.Temperature = SQL
	case rank >= ranks[MQL] && rank < ranks[SQL]:
		st.Temperature = MQL
	default:
		st.Temperature = "cold"
	}
	st.Journey = d.journey(rank)
	st.CRMCycle = cycles[st.Journey]
	if rank >= ranks[Repeat] && st.Stage != Former {
		st.CRMCycle = "loyalty"
	}
}

// cycles maps the journey to the cycle reach, engage, convert, retain, loyalty.
var cycles = map[string]string{"awareness": "reach", "interest": "engage", "consideration": "engage", "decision": "convert",
	"action": "convert", "retention": "retain", "advocacy": "loyalty"}

// journey is the funnel of seven stages. A former customer is a matter of retention: there is somebody to win back.
func (d *derivation) journey(rank int) string {
	switch {
	case d.state.Stage == Former:
		return "retention"
	case rank >= ranks[Advocate]:
		return "advocacy"
	case rank >= ranks[Repeat], rank >= ranks[Customer] && d.activeAfter():
		return "retention"
	case rank >= ranks[Customer]:
		return "action"
	case rank >= ranks[SQL]:
		return "decision"
	case rank >= ranks[Prospect]:
		return "consideration"
	case rank >= ranks[Subscriber]:
		return "interest"
	}
	return "awareness"
}

// activeAfter reports whether the customer was heard of after becoming one.
func (d *derivation) activeAfter() bool {
	first := d.state.EnteredAt[Customer]
	return !first.IsZero() && d.heard.After(first)
}

// because adds reasons, as long as there is room.
func (s *State) because(list ...Reason) {
	for _, r := range list[:min(len(list), MaxReasons-len(s.Why))] {
		r.What, r.word = r.What+r.word, ""
		s.Why = append(s.Why, r)
	}
}
