// Package batch resolves many records at once, in memory: an export before anything is connected, a benchmark. It finds
// candidates and gathers components; who is the same is decided by the resolver that the ledger uses, so that what is
// seen here is what the ledger would do with the same records.
//
// It reads no files and stores nothing.
package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/score"
)

// Record is what is resolved. ID is unique among the records.
type Record struct {
	ID      string
	Profile *canonical.Profile
}

// Batch is records of one kind, ready to be learnt from and resolved. It may be used by several goroutines.
type Batch struct {
	kind    canonical.Kind
	records []Record
	order   []int // indices into records, by ID
	facts   []*compare.Facts
}

// ErrKind says that records of a kind are not compared.
var ErrKind = errors.New("only people and organizations are compared")

// New takes records of one kind. others names further fields that are compared besides those of the catalogue that
// package compare knows. The error names records, never values.
func New(kind canonical.Kind, records []Record, others ...string) (*Batch, error) {
	if !identity.Compares(kind) {
		return nil, fmt.Errorf("%w, not those of kind %q", ErrKind, kind)
	}
	b := &Batch{kind: kind, records: records, order: make([]int, len(records)), facts: make([]*compare.Facts, len(records))}
	for i := range records {
		b.order[i] = i
		if k := records[i].Profile.Kind; k != kind {
			return nil, fmt.Errorf("record %d is of kind %q, want %q", i+1, k, kind)
		}
		b.facts[i] = compare.Of(records[i].Profile, others...)
	}
	slices.SortFunc(b.order, func(x, y int) int { return strings.Compare(records[x].ID, records[y].ID) })
	for n := 1; n < len(b.order); n++ {
		if x, y := b.order[n-1], b.order[n]; records[x].ID == records[y].ID {
			return nil, fmt.Errorf("records %d and %d have the same id", min(x, y)+1, max(x, y)+1)
		}
	}
	return b, nil
}

// Train learns a model from the records; see score.Train. It does not depend on their order.
func (b *Batch) Train(at time.Time) *score.Model {
	facts := make([]*compare.Facts, len(b.order))
	for n, i := range b.order {
		facts[n] = b.facts[i]
	}
	return score.Train(b.kind, facts, at)
}

// Result is who is the same.
type Result struct {
	// Clusters are indices of records: in each cluster ordered by ID, and the clusters by their first.
	Clusters [][]int
	// Joined holds the clusters together. Review is what a person should look at: pairs in the review band, and pairs that
	// would have been joined but were refused. A and B are indices of records; both lists are ordered by the IDs.
	Joined, Review []identity.Link
	// Compared counts the pairs that were looked at, Crowded the terms that too many records hold to find candidates by.
	Compared, Crowded int
}

// Resolve divides the records into customers. The result depends on the set of records only, not on their order. It
// stops when ctx ends.
func (b *Batch) Resolve(ctx context.Context, r *identity.Resolver) (*Result, error) {
	s := &search{resolver: r, members: b.members(r)}
	s.index()
	if err := s.compare(ctx); err != nil {
		return nil, err
	}
	if err := s.cluster(ctx); err != nil {
		return nil, err
	}
	return b.result(s), nil
}

// members makes the records what a resolver clusters, by their ID. Each is an object of its own: unlike a vendor, a file
// does not keep two rows apart on purpose.
func (b *Batch) members(r *identity.Resolver) []identity.Member {
	list := make([]identity.Member, len(b.order))
	for n, i := range b.order {
		id := b.records[i].ID
		ref := "file/" + id + "/" + id
		list[n] = identity.Member{
			Ref: ref, Kind: b.kind, First: uint64(n), Live: true, Facts: b.facts[i], Keys: r.Keys(b.records[i].Profile, ref),
		}
	}
	return list
}

// result turns positions by ID into the caller's indices.
func (b *Batch) result(s *search) *Result {
	out := &Result{Clusters: s.clusters, Joined: s.joined, Review: s.review, Compared: s.compared, Crowded: s.crowded}
	slices.SortFunc(out.Clusters, func(x, y []int) int { return cmp.Compare(x[0], y[0]) })
	for _, c := range out.Clusters {
		for n := range c {
			c[n] = b.order[c[n]]
		}
	}
	for _, list := range [...][]identity.Link{out.Joined, out.Review} {
		slices.SortFunc(list, func(x, y identity.Link) int {
			return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), strings.Compare(x.Rule, y.Rule))
		})
		for n := range list {
			list[n].A, list[n].B = b.order[list[n].A], b.order[list[n].B]
		}
	}
	return out
}

// Explain tells why two records are taken for the same or not. a and b are indices of records.
func (b *Batch) Explain(r *identity.Resolver, x, y int) identity.Verdict {
	pair := [2]identity.Member{}
	for n, i := range [...]int{x, y} {
		ref := "file/" + b.records[i].ID + "/" + b.records[i].ID
		pair[n] = identity.Member{Ref: ref, Kind: b.kind, Live: true, Facts: b.facts[i], Keys: r.Keys(b.records[i].Profile, ref)}
	}
	return r.Explain(&pair[0], &pair[1])
}
