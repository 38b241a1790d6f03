package canonical

import "strconv"

// Stage is one element of a Stages value: a step of a pipeline.
type Stage struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Order int    `json:"order"` // position, from 0
	// Kind is what reports across vendors use, one of StageKinds; of a pipeline of tickets, the status that a ticket
	// there has. Classify and ClassifyTickets fill it in.
	Kind        string `json:"kind,omitempty"`
	Probability string `json:"probability,omitempty"` // decimal from 0 to 1
	Closed      bool   `json:"closed,omitempty"`
	Won         bool   `json:"won,omitempty"`
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
