package lifecycle

import (
	"cmp"
	"maps"
	"slices"
)

// The stages of the ladder that ship.
const (
	Visitor     = "visitor"
	Subscriber  = "subscriber"
	Lead        = "lead"
	Prospect    = "prospect"
	MQL         = "mql" // marketing-qualified lead: showed some intent
	SQL         = "sql" // sales-qualified lead: sales is actively trying to convert
	Opportunity = "opportunity"
	Customer    = "customer"
	Repeat      = "repeat_customer"
	Advocate    = "advocate"
)

// The states beside the ladder.
const (
	Disqualified = "disqualified"
	Former       = "former_customer"
	Partner      = "partner"
	Other        = "other"
)

var ranks = map[string]int{Visitor: 0, Subscriber: 10, Lead: 20, Prospect: 25, MQL: 30, SQL: 40, Opportunity: 50, Customer: 60,
	Repeat: 65, Advocate: 70}

var sides = map[string]bool{Disqualified: true, Former: true, Partner: true, Other: true}

// MaxRank is the highest rank a stage of a team's own may have.
const MaxRank = 100

// Rung is one stage of a ladder.
type Rung struct {
	Stage string `json:"stage"`
	Rank  int    `json:"rank"`
}

// Ladder returns the stages by rank ascending, a team's own included. States beside the ladder are not in it.
func (s *Settings) Ladder() []Rung {
	var list []Rung
	for _, m := range []map[string]int{ranks, s.Own} {
		for stage, rank := range m {
			list = append(list, Rung{stage, rank})
		}
	}
	slices.SortFunc(list, func(a, b Rung) int { return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Stage, b.Stage)) })
	return list
}

// Rank returns the rank of a stage, and false for what is not on the ladder.
func (s *Settings) Rank(stage string) (int, bool) {
	if rank, ok := ranks[stage]; ok {
		return rank, true
	}
	rank, ok := s.Own[stage]
	return rank, ok
}

// Known reports whether a word names a stage of the ladder or a state beside it.
func (s *Settings) Known(stage string) bool {
	_, ok := s.Rank(stage)
	return ok || sides[stage]
}

// names lists all stages and states, for messages.
func (s *Settings) names() []string {
	list := slices.Collect(maps.Keys(ranks))
	list = slices.AppendSeq(list, maps.Keys(s.Own))
	list = slices.AppendSeq(list, maps.Keys(sides))
	slices.Sort(list)
	return list
}
