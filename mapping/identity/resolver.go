package identity

import (
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/score"
)

// Band is what is done about a pair of records.
type Band uint8

// The bands of evidence.
const (
	Ignore Band = iota // say nothing
	Review             // a person should look
	Auto               // join
	Must               // join, whatever speaks against it but a decision
)

// Verdict is what two records of one kind say about each other.
type Verdict struct {
	Band        Band
	Rule        string  // what decided: "e-mail", "mobile and name", "score", "vendor", "decision" …
	Probability float64 // that they are the same, 0 to 1
	Veto        string  // why they cannot be the same unless a source or a person says so; "" = nothing
	// Evidence explains the verdict; only Explain fills it in.
	Evidence []Evidence
}

// Evidence is one reason of a verdict. Value is a value that both share, for people who may see customers, never for logs.
type Evidence struct {
	Rule   string  `json:"rule"`
	Value  string  `json:"value,omitempty"`
	Weight float64 `json:"weight,omitempty"`
}

// Decision is a person's word on two records, which are named connection/object/id with A < B.
type Decision struct {
	A, B string
	Same bool // they are the same, or they are not
}

// Ignored is a value of a record that identifies nobody, and why.
type Ignored struct {
	Field  string `json:"field"`
	Value  string `json:"value"`
	Reason string `json:"reason"` // "a role address", "a free-mail domain", "held by more than 10 records" …
}

// Settings configure a Resolver. The zero value is the built-in, cautious one.
type Settings struct {
	Options
	Models map[canonical.Kind]*score.Model // the probabilistic scorer, for the kinds that use it
	// Person and Organization are the bands of each kind.
	Person, Organization Bands
}

// Bands are the thresholds of one kind. Zero values stand for the defaults.
type Bands struct {
	Auto   float64 // a pair at least so likely is joined: 0.99
	Review float64 // a pair at least so likely is shown to a person: 0.5
	Guard  float64 // share of the pairs between two clusters that must not contradict a join: people 0.2, organizations 0.5
	Medium bool    // join on medium evidence (full name with birthday, …) instead of asking
}

// Resolver decides which records are the same customer. It does not change and may be used by several goroutines.
type Resolver struct {
	policy   *Policy
	settings Settings
}

// NewResolver returns a resolver.
func NewResolver(s Settings) *Resolver { return &Resolver{policy: NewPolicy(s.Options), settings: s} }

// Version names everything that decides: two resolvers with one version resolve alike. When it changes, every record
// is resolved again.
func (r *Resolver) Version() string { return "1" }

// Keys returns the terms under which records are found that could be the same as this one; see Examine.
func (r *Resolver) Keys(p *canonical.Profile, self string) []Key { return r.policy.Keys(p, self) }

// Examine is Keys, with what was passed over and why.
func (r *Resolver) Examine(p *canonical.Profile, self string) ([]Key, []Ignored) {
	return r.policy.Keys(p, self), nil
}

// Compares reports whether records of a kind are compared at all: then a Member needs Facts. The others are joined by
// must-links and decisions alone.
func Compares(k canonical.Kind) bool { return k == canonical.Person || k == canonical.Organization }

// FactsOf returns the facts of a profile, nil for a kind that is not compared.
func (r *Resolver) FactsOf(p *canonical.Profile) *compare.Facts { return nil }

// Most returns the most records that may hold a key for it to count. Who gathers a component passes over keys that more
// records hold, and must look at all holders when their number comes to it or leaves it.
func (r *Resolver) Most(space string) int { return Limit }

// Compare judges two records of one kind. Only keys that both have count as shared, so the caller leaves out those that
// too many records hold. Decisions and must-links are not its business, Cluster takes care of them.
func (r *Resolver) Compare(a, b *Member) Verdict { return Verdict{} }

// Link is a pair of members, by their index, and what they say about each other.
type Link struct {
	A, B int // A < B
	Verdict
	Refused string // why an Auto or Must link did not join: "kept apart by a decision", "different birthdays", …
}

// Outcome is what becomes of some members.
type Outcome struct {
	Clusters [][]int // indices into members; see Cluster
	// Joined is the evidence that holds the clusters together. Review is what a person should look at: pairs in the
	// review band, and pairs that were refused, whose members ended in different clusters.
	Joined, Review []Link
}

// Cluster divides members into customers. members must be closed: with a record, all that a must-link, a decision or a
// verdict of Auto leads to. The first of each cluster is its oldest, whose latent id is the entity's; clusters are ordered
// by their oldest. The outcome depends on the set of members and decisions only, not on their order.
func (r *Resolver) Cluster(members []Member, decisions []Decision) Outcome {
	return Outcome{Clusters: Cluster(members)}
}
