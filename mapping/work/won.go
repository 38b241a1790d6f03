package work

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// wonAt is the member of a rule's own deal that says when it was won for the first time, as far as anybody can tell.
const wonAt = "won_at"

// winOwn adds when the scene's own deal was won, once.
func (s *scene) winOwn() error {
	value, ok := s.env[string(canonical.Deal)].(map[string]any)
	if !ok || s.wonOwn {
		return nil
	}
	s.wonOwn = true
	at, err := s.won()
	value[wonAt] = timeText(at)
	return err
}

// won returns when the first of the deal's records was won, zero when none ever was. A deal that is set back and won again was
// won the first time.
func (s *scene) won() (first time.Time, err error) {
	stays, err := s.graph.History(s.entity.ID)
	if err != nil {
		return first, fmt.Errorf("read history: %w", err)
	}
	stages, err := s.wonStages()
	if err != nil {
		return first, err
	}
	var refs []string
	for i := range stays {
		if !slices.Contains(refs, stays[i].Ref) {
			refs = append(refs, stays[i].Ref)
		}
	}
	for _, ref := range refs {
		at := wonOf(ref, stays, stages)
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, nil
}

// wonOf returns when one record was won. Who saw it change knows: neither a date that a salesperson expected and never
// corrected nor a later edit moves that. Of a record that was won when it was first seen, the date it names counts, and the
// vendor's time of that version when it names none or a later one.
func wonOf(ref string, stays []Stay, stages []string) time.Time {
	var seen, told time.Time
	earlier := map[string]bool{} // fields that said something before
	for i := range stays {
		t := &stays[i]
		if t.Ref != ref || t.Field != "status" && t.Field != "stage" {
			continue
		}
		yes := t.Field == "status" && t.Value == "won" || t.Field == "stage" && slices.Contains(stages, t.Value)
		switch {
		case yes && earlier[t.Field] && told.IsZero(): // stays are in the order of their times
			told = t.From
		case yes && !earlier[t.Field] && seen.IsZero():
			seen = t.From
		}
		earlier[t.Field] = true
	}
	if seen.IsZero() || !told.IsZero() && told.Before(seen) {
		return told
	}
	if named := closedAt(ref, stays, seen); !named.IsZero() && named.Before(seen) {
		return named
	}
	return seen
}

// closedAt is the date that one record gave for its end at a time.
func closedAt(ref string, stays []Stay, at time.Time) time.Time {
	for i := range stays {
		t := &stays[i]
		if t.Ref == ref && t.Field == "closed_at" && !t.From.After(at) && (t.Until.IsZero() || t.Until.After(at)) {
			named, _ := canonical.ParseTime(t.Value, time.UTC) // in normal form: what is none is no date
			return named
		}
	}
	return time.Time{}
}

// wonStages lists the ids of the stages of the deal's pipeline that mean that it is won.
func (s *scene) wonStages() ([]string, error) {
	found, err := s.follow(relation{kind: canonical.Pipeline, field: "pipeline", shape: one})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var ids []string
	gjson.ParseBytes(found[0].Golden.Get("stages")).ForEach(func(_, stage gjson.Result) bool {
		if stage.Get("won").Bool() {
			ids = append(ids, strings.Clone(stage.Get("id").Str))
		}
		return true
	})
	return ids, nil
}
