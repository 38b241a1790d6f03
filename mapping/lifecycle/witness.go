package lifecycle

import (
	"slices"
	"time"
)

// witness turns the evidence of one person or organization into facts.
type witness struct {
	s    *Settings
	e    *Evidence
	list []Reason

	bought, open, subscribed bool
	last, heard              time.Time
}

func (w *witness) facts() []Reason {
	w.manual()
	for i := range w.e.Claims {
		w.claim(&w.e.Claims[i])
	}
	w.sales()
	w.purchases()
	for i := range w.e.Contacts {
		w.contact(&w.e.Contacts[i])
	}
	for _, r := range w.e.Requests {
		w.hear(r.At)
		if w.s.Proves(r.Source) {
			w.add(Customer, r.At, r.Source, "opened a ticket where only customers do")
		}
	}
	if w.s.Score > 0 && w.e.Score >= w.s.Score {
		w.add(MQL, time.Time{}, "", "has a lead score that qualifies")
	}
	if w.e.ICP && w.e.Authority {
		w.add(Prospect, time.Time{}, "", "fits the target market and has the power to buy")
	}
	w.hear(w.e.Active)
	return w.list
}

// overruled reports whether a person's word stands against evidence of a rank and a time: what was known then and says
// more. Who was set beside the ladder has nothing on offer; a former customer was one all the same.
func (w *witness) overruled(rank int, at time.Time) bool {
	m := w.e.Manual
	if m.Stage == "" || at.After(m.At) || m.Stage == Former {
		return false
	}
	if limit, ladder := w.s.Rank(m.Stage); ladder {
		return rank > limit
	}
	return rank >= ranks[Opportunity]
}

// add adds a fact that holds from now on. It reports whether the fact counts.
func (w *witness) add(stage string, at time.Time, source, what string) bool {
	rank, ok := w.s.Rank(stage)
	if !ok || w.overruled(rank, at) {
		return false
	}
	w.list = append(w.list, Reason{Stage: stage, Rank: rank, At: at, Source: source, What: what})
	return true
}

func (w *witness) manual() {
	m := w.e.Manual
	if m.Stage == "" {
		return
	}
	rank, ladder := w.s.Rank(m.Stage)
	w.list = append(w.list, Reason{Stage: m.Stage, Rank: rank, At: m.At, Source: m.By, What: "set by hand", side: !ladder, hand: true})
}

// claim adds what a record says. A past claim counts on the ladder, which only goes forward, and not beside it.
func (w *witness) claim(c *Claim) {
	stage := ""
	switch c.Kind {
	case OfStatus:
		stage = w.s.OfStatus(c.Source, c.Value)
	default:
		stage = w.s.Of(c.Source, c.Value)
	}
	_, ladder := w.s.Rank(stage)
	switch {
	case stage == "" && c.Kind == OfStage && c.Value != "" && !c.Past:
		w.list = append(w.list, Reason{At: c.At, Source: c.Source, What: "says what is not on the ladder: ", word: c.Value, past: true})
	case ladder && w.add(stage, c.At, c.Source, whatOf[c.Kind]):
		last := &w.list[len(w.list)-1]
		last.past, last.word = c.Past, c.Value
	case sides[stage] && (w.e.Manual.Stage == "" || c.At.After(w.e.Manual.At)):
		w.beside(stage, c)
	}
}

func (w *witness) beside(stage string, c *Claim) {
	if stage == Former { // who is a former customer was one, at a time that nobody knows
		w.list = append(w.list, Reason{Stage: Customer, Rank: ranks[Customer], Source: c.Source, What: whatOf[c.Kind], word: c.Value, past: true})
	}
	if !c.Past {
		w.list = append(w.list, Reason{Stage: stage, At: c.At, Source: c.Source, What: whatOf[c.Kind], word: c.Value, side: true})
	}
}

var whatOf = [...]string{OfStage: "claims the stage ", OfStatus: "claims the lead status ", OfKind: "is marked as "}

func (w *witness) sales() {
	var days days
	for i := range w.e.Sales {
		s := &w.e.Sales[i]
		w.hear(s.Opened)
		if w.add(Opportunity, s.Opened, s.Source, "has a deal") && s.Status != "won" && s.Status != "lost" {
			w.open = true
		}
		if s.Status == "won" && w.buy(s.Closed, s.Source, "won a deal") {
			days.add(w.s, s.Closed, s.Source)
		}
	}
	for i := range w.e.Purchases {
		if p := &w.e.Purchases[i]; p.Kind == "order" && !w.overruled(ranks[Customer], p.At) {
			days.add(w.s, p.At, p.Source)
		}
	}
	w.again(days)
}

// buying are the kinds of transaction that prove a purchase, in groups: an order, its invoice and its payment are one
// purchase on three days, so each group counts by itself. Orders count with won deals.
var buying = [][]string{{"order"}, {"invoice"}, {"payment"}, {"subscription_start", "renewal"}}

func (w *witness) purchases() {
	var start, end time.Time
	begun := false
	for n, group := range buying {
		var days days
		for i := range w.e.Purchases {
			p := &w.e.Purchases[i]
			if !slices.Contains(group, p.Kind) || !w.buy(p.At, p.Source, "bought: ") {
				continue
			}
			w.list[len(w.list)-1].word = p.Kind
			days.add(w.s, p.At, p.Source)
			if n == len(buying)-1 {
				start, begun = latest(start, p.At), true
			}
			if n == 0 || n == len(buying)-1 {
				w.hear(p.At)
			}
		}
		if n > 0 {
			w.again(days)
		}
	}
	for _, p := range w.e.Purchases {
		if p.Kind == "cancel" {
			end = latest(end, p.At)
		}
	}
	w.subscribed = begun && (end.IsZero() || start.After(end))
}

func (w *witness) buy(at time.Time, source, what string) bool {
	if !w.add(Customer, at, source, what) {
		return false
	}
	w.bought, w.last = true, latest(w.last, at)
	return true
}

// again makes a repeat customer of one who bought on two days; the second of them is when that was.
func (w *witness) again(list days) {
	slices.SortFunc(list, func(a, b day) int {
		return compareReasons(Reason{At: a.at, Source: a.source}, Reason{At: b.at, Source: b.source})
	})
	for _, d := range list {
		if d.name != list[0].name {
			w.add(Repeat, d.at, d.source, "bought again on another day")
			return
		}
	}
}

type day struct {
	name, source string
	at           time.Time
}

type days []day

// add notes a purchase. One without a time proves no other day.
func (l *days) add(s *Settings, at time.Time, source string) {
	if !at.IsZero() {
		*l = append(*l, day{s.day(at), source, at})
	}
}

func (w *witness) contact(c *Contact) {
	if c.Automated {
		return
	}
	w.hear(c.At)
	switch c.Kind {
	case "form_submission":
		w.add(Lead, c.At, c.Source, "filled in a form")
	case "referral", "review", "testimonial":
		w.add(Advocate, c.At, c.Source, "gave a "+c.Kind)
	case "email":
		if w.s.Inbound && c.Direction == "inbound" {
			w.add(Lead, c.At, c.Source, "wrote to us")
		}
	case "call", "meeting":
		if w.s.Outreach && w.e.Owned && c.Direction == "outbound" {
			w.add(SQL, c.At, c.Source, "has an owner, who made a "+c.Kind)
		}
	}
}

func (w *witness) hear(at time.Time) { w.heard = latest(w.heard, at) }
