package identity

import (
	"cmp"
	"fmt"
	"hash/fnv"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/score"
)

// Settings configure a Resolver. The zero value is the built-in, cautious one.
type Settings struct {
	Options
	Models map[canonical.Kind]*score.Model // the probabilistic scorer, for the kinds that use it
	// Person and Organization are the bands of each kind.
	Person, Organization Bands
}

// Bands are the thresholds of one kind. Zero values stand for the defaults.
type Bands struct {
	Auto   float64 // a pair that the scorer finds at least so likely is joined: 0.99
	Review float64 // a pair that it finds at least so likely is shown to a person: 0.5
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

// Own reports whether a registrable domain can identify an organization; see Policy.Own.
func (r *Resolver) Own(domain string) bool { return r.policy.Own(domain) }

// rules counts the versions of this package's rules; it grows when two records could get another verdict than before.
const rulesVersion = 3

// Version names everything that decides: two resolvers with one version resolve alike. When it changes, every record
// is resolved again.
func (r *Resolver) Version() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %+v %+v %+v", rulesVersion, r.settings.Options, r.bands(canonical.Person), r.bands(canonical.Organization))
	for _, k := range []canonical.Kind{canonical.Person, canonical.Organization} {
		if m := r.settings.Models[k]; m != nil {
			fmt.Fprintf(h, " %s %q", k, m.Version())
		}
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// bands returns the thresholds of a kind with their defaults: the cautious ones of model 4.3 and 4.4.
func (r *Resolver) bands(k canonical.Kind) Bands {
	b, guard := r.settings.Person, .2
	if k == canonical.Organization {
		b, guard = r.settings.Organization, .5
	}
	return Bands{Auto: cmp.Or(b.Auto, .99), Review: cmp.Or(b.Review, .5), Guard: cmp.Or(b.Guard, guard), Medium: b.Medium}
}

// Compares reports whether records of a kind are compared at all: then a Member needs Facts. The others are joined by
// must-links and decisions alone.
func Compares(k canonical.Kind) bool { return k == canonical.Person || k == canonical.Organization }

// FactsOf returns the facts of a profile, nil for a kind that is not compared.
func (r *Resolver) FactsOf(p *canonical.Profile) *compare.Facts {
	if !Compares(p.Kind) {
		return nil
	}
	return compare.Of(p, r.settings.Models[p.Kind].Others()...)
}

// The most records that a key may join or find; a key of more records says nothing about any of them.
const (
	Limit      = 10
	BlockLimit = 50 // of the scorer's blocks, which only find candidates
)

// Most returns the most records that may hold a key of a space for it to count. Who gathers a component passes over
// keys that more records hold, and must look at all holders when their number comes to it or leaves it.
func (r *Resolver) Most(space string) int {
	if space == BlockSpace {
		return BlockLimit
	}
	return Limit
}
