package lifecycle

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Derive returns the state that the evidence makes at a moment. It depends on nothing else, and not on the order of the
// evidence. More evidence never lowers the rank, unless a person set it.
func (s *Settings) Derive(e *Evidence, now time.Time) State {
	d := &derivation{s: s, e: e, now: now, state: State{EnteredAt: map[string]time.Time{}}}
	d.collect(e)
	d.climb()
	d.aside()
	d.age()
	d.views()
	d.tell()
	return d.state
}

// derivation is one Derive under way.
type derivation struct {
	s     *Settings
	e     *Evidence
	now   time.Time
	facts []Reason
	// What the views need to know besides the stage.
	bought, open bool
	last         time.Time // latest purchase
	subscribed   bool      // and not cancelled since
	heard        time.Time // latest sign of life
	state        State
}

// collect turns all evidence into facts. What people of an organization say counts for it, but for what puts one of them
// beside the ladder.
func (d *derivation) collect(e *Evidence) {
	d.facts = make([]Reason, 0, 2*(len(e.Claims)+len(e.Sales)+len(e.Purchases)+len(e.People)))
	d.hear(e)
	for i := range e.People {
		before := len(d.facts)
		d.hear(&e.People[i])
		d.facts = append(d.facts[:before], slices.DeleteFunc(d.facts[before:], func(f Reason) bool { return f.side })...)
	}
	slices.SortFunc(d.facts, compareReasons)
	d.facts = slices.Compact(d.facts)
}

// hear turns one's evidence into facts.
func (d *derivation) hear(e *Evidence) {
	w := witness{s: d.s, e: e, list: d.facts}
	d.facts = w.facts()
	d.bought = d.bought || w.bought
	d.open = d.open || w.open
	d.last = latest(d.last, w.last)
	d.heard = latest(d.heard, w.heard)
	d.subscribed = d.subscribed || w.subscribed
}

// compareReasons puts higher ranks first, and within one the earliest evidence, what has no time last.
func compareReasons(a, b Reason) int {
	c := cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(a.Stage, b.Stage))
	if c == 0 && a.At.IsZero() != b.At.IsZero() {
		if a.At.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(c, a.At.Compare(b.At), strings.Compare(a.Source, b.Source), strings.Compare(a.What, b.What), strings.Compare(a.word, b.word), byFlags(a, b))
}

func byFlags(a, b Reason) int {
	n := func(r Reason) int {
		switch {
		case r.side:
			return 2
		case r.past:
			return 1
		}
		return 0
	}
	return cmp.Compare(n(a), n(b))
}

// climb sets stage, rank and the times of entry from the facts, which are in their order.
func (d *derivation) climb() {
	st := &d.state
	for _, f := range d.facts {
		if f.side || f.Stage == "" {
			continue
		}
		if st.Stage == "" {
			st.Stage, st.Rank = f.Stage, f.Rank
		}
		if _, ok := st.EnteredAt[f.Stage]; !ok && !f.At.IsZero() {
			st.EnteredAt[f.Stage] = f.At
		}
	}
	st.Since = st.EnteredAt[st.Stage]
}

// aside puts somebody beside the ladder whom a present claim puts there: disqualified unless a later claim says that it
// goes on, partner and other while nothing says anything else, and neither of them once there is a deal. A former
// customer is one who has not bought since that was said.
func (d *derivation) aside() {
	var side *Reason
	said, on := time.Time{}, false // the latest present claim of the ladder
	for i := range d.facts {
		f := &d.facts[i]
		switch {
		case f.side && (side == nil || d.before(side, f)):
			side = f
		case !f.side && !f.past && f.Stage != "" && f.Rank > 0:
			said, on = latest(said, f.At), true
		}
	}
	if side == nil {
		return
	}
	switch {
	case side.Stage == Former && (d.last.IsZero() || side.At.IsZero() || !d.last.After(side.At)):
	case side.Stage == Former, d.state.Rank >= ranks[Opportunity]:
		return
	case side.Stage == Disqualified && said.After(side.At):
		return
	case side.Stage != Disqualified && on && !side.hand:
		return
	}
	d.state.Stage, d.state.Since = side.Stage, side.At
}

// before reports whether b is the stronger word of two that put somebody beside the ladder: former customer and
// disqualified say more than partner, and those more than other; then the later one.
func (d *derivation) before(a, b *Reason) bool {
	weight := func(r *Reason) int { return slices.Index([]string{Other, Partner, Disqualified, Former}, r.Stage) }
	return cmp.Or(cmp.Compare(weight(a), weight(b)), a.At.Compare(b.At)) < 0
}

// age makes a former customer of one who has not bought for long, where the team says how long that is. Somebody of
// whom no purchase is known cannot be judged.
func (d *derivation) age() {
	st := &d.state
	if d.last.IsZero() && !d.subscribed {
		return
	}
	st.Active = d.subscribed || d.now.Sub(d.last) < d.s.active()
	if d.s.Churn <= 0 || d.subscribed || st.Rank < ranks[Customer] || st.Stage == Former {
		return
	}
	end := d.last.Add(d.s.Churn)
	if d.now.Before(end) {
		st.Next = end
		return
	}
	st.Stage, st.Since = Former, end
	st.because(Reason{Stage: Former, Rank: st.Rank, At: end, What: "bought nothing since " + d.s.day(d.last)})
}

// tell lists the sources of the stage and the reasons: the earliest of each stage, and whatever stands beside the
// ladder or is not understood.
func (d *derivation) tell() {
	st := &d.state
	told := map[string]bool{}
	for _, f := range d.facts {
		if f.Stage == st.Stage && f.Stage != "" && f.Source != "" && !slices.Contains(st.Sources, f.Source) && len(st.Sources) < MaxSources {
			st.Sources = append(st.Sources, f.Source)
		}
		if f.Stage != "" && !f.side && told[f.Stage] {
			continue
		}
		told[f.Stage] = true
		st.because(f)
	}
	slices.Sort(st.Sources)
	if len(st.EnteredAt) == 0 {
		st.EnteredAt = nil
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
