package canonical

import (
	"strconv"
	"strings"
)

// Stage is one element of a Stages value: a step of a pipeline.
type Stage struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Order int    `json:"order"` // position, from 0
	// Kind is what reports across vendors use: lead_generation, qualification, initial_contact, proposal, negotiation,
	// won, lost or other. Classify fills it in.
	Kind        string `json:"kind,omitempty"`
	Probability string `json:"probability,omitempty"` // decimal from 0 to 1
	Closed      bool   `json:"closed,omitempty"`
	Won         bool   `json:"won,omitempty"`
}

// stageWords are what the labels of each kind of stage contain, in English and as HubSpot and Salesforce ship them.
var stageWords = []struct{ kind, words string }{
	{"negotiation", "negotiat contract review"},
	{"proposal", "proposal quote offer bought-in boughtin"},
	{"initial_contact", "contact appointment presentation demo meeting perception value makers"},
	{"qualification", "qualif needs analysis discovery"},
	{"lead_generation", "lead prospecting new"},
}

// Classify fills in the Kind of stages that have none, which must be in their order: closed flags first, then words
// of the label, then the place among the open stages (first third qualification, last negotiation).
func Classify(stages []Stage) {
	open := 0
	for _, s := range stages {
		if !s.Closed {
			open++
		}
	}
	at := 0
	for i := range stages {
		s := &stages[i]
		if s.Kind == "" {
			s.Kind = kindOfStage(*s, at, open)
		}
		if !s.Closed {
			at++
		}
	}
}

func kindOfStage(s Stage, at, open int) string {
	switch {
	case s.Won:
		return "won"
	case s.Closed:
		return "lost"
	}
	label := strings.ToLower(s.Name + " " + s.ID)
	for _, k := range stageWords {
		for _, word := range strings.Fields(k.words) {
			if strings.Contains(label, word) {
				return k.kind
			}
		}
	}
	switch {
	case at == open-1 && open > 1:
		return "negotiation"
	case at*3 < open:
		return "qualification"
	}
	return "initial_contact"
}

// AppendStages appends the normal form of stages, in the order given; null when there is none.
func AppendStages(dst []byte, list []Stage) []byte {
	start := len(dst)
	for i, s := range list {
		if duplicate(list[:i], func(o Stage) bool { return o.ID == s.ID }) {
			continue
		}
		dst = opening(dst, start)
		dst = append(dst, `{"id":`...)
		dst = appendQuoted(dst, s.ID)
		dst = append(dst, `,"name":`...)
		dst = appendQuoted(dst, s.Name)
		dst = append(dst, `,"order":`...)
		dst = strconv.AppendInt(dst, int64(s.Order), 10)
		dst = appendMember(dst, "kind", s.Kind)
		dst = appendMember(dst, "probability", s.Probability)
		if s.Closed {
			dst = append(dst, `,"closed":true`...)
		}
		if s.Won {
			dst = append(dst, `,"won":true`...)
		}
		dst = append(dst, '}')
	}
	return closing(dst, start)
}
