package ledger

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// Figures are made of some fields over time, and the ratchet of the lifecycle goes by what was ever claimed. So every
// version of a record says something for ever, also one that arrives after a later one. What the content register holds
// is read from there; a row is written when it is replaced, and for a version that comes too late for it. What is known
// is then a set of (record, vendor's time, field, value) and does not depend on the order of arrival (invariant 2). It
// outlives deletion, other rules, other clusters and the log of changes; a deletion for privacy and erasure end it.
//
// A row is one of two: what a version said (mark histSaid, time), and a moment that some version told of (mark
// histMoment, field, time, value): "entered the stage customer on this day". Of the versions of one time that say
// something, the one with the greatest stamp counts. Moments also come from records that tell of another one's past; see
// tell.
const (
	histSaid   = "v"
	histMoment = "m"
	histForm   = 1
	// maxMoment keeps keys short; no vendor's stage has such a long name.
	maxMoment = 200
)

// histFields number the fields that histories are kept of. Only ever append.
var histFields = [...]string{1: "stage", 2: "pipeline", 3: "status", 4: "amount", 5: "owner", 6: "assignee",
	7: "lifecycle.stage", 8: "lead.status", 9: "probability", 10: "closed_at",
	11: "priority", 12: "team"}

// histOf lists the fields of each kind, and the fields with moments of them.
var histOf = map[canonical.Kind]struct {
	fields  []byte
	moments map[string]byte
}{
	canonical.Deal:         {[]byte{1, 2, 3, 4, 5, 9, 10}, map[string]byte{"stage_history": 1}},
	canonical.Ticket:       {[]byte{1, 2, 3, 6, 11, 12}, map[string]byte{"status_history": 3}},
	canonical.Person:       {[]byte{7, 8, 5}, map[string]byte{"lifecycle.entered": 7}},
	canonical.Organization: {[]byte{7, 8, 5}, map[string]byte{"lifecycle.entered": 7}},
}

// said is what a profile says of the fields that histories are kept of.
type said struct {
	claims  []claim
	moments []moment
}

type claim struct {
	field byte
	value string // "" = explicitly empty
}

type moment struct {
	field byte
	at    time.Time
	value string
}

// saidBy reads a profile.
func saidBy(p *canonical.Profile) said {
	var s said
	of, ok := histOf[p.Kind]
	if !ok {
		return s
	}
	s.claims = make([]claim, 0, len(of.fields))
	for _, field := range of.fields {
		if value := p.Get(histFields[field]); value != nil {
			s.claims = append(s.claims, claim{field, historic(value)})
		}
	}
	for name, field := range of.moments {
		s.moments = appendMoments(s.moments, field, p.Get(name))
	}
	return s
}

// historic returns a value as histories have it: the text of a text, amount and currency of money.
func historic(value []byte) string {
	r := gjson.ParseBytes(value)
	switch {
	case r.IsObject():
		return strings.TrimSpace(r.Get("amount").String() + " " + r.Get("currency").String())
	case r.Type == gjson.Null:
		return ""
	}
	return r.String()
}

// appendMoments reads a map of token → time, or a list of moves.
func appendMoments(list []moment, field byte, value []byte) []moment {
	add := func(value, at string) {
		t, err := time.Parse(time.RFC3339, at)
		if err == nil && value != "" && len(value) <= maxMoment {
			list = append(list, moment{field, plain(t), value})
		}
	}
	gjson.ParseBytes(value).ForEach(func(key, e gjson.Result) bool {
		if e.IsObject() {
			add(e.Get("stage").String(), e.Get("entered_at").String())
		} else {
			add(key.String(), e.String())
		}
		return true
	})
	return list
}
