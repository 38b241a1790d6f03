package work

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// A digest tells, in one comment for each day, what happened between us and a customer. What arrives late (a mailbox was out of
// reach for two days) is told with the next one, within lateWithin; what is older, or happened before the object was there,
// never is, so that a first pass over years of mail tells nothing. Nothing is told twice: what was told of the last week is
// remembered by Told, which the ledger keeps with the object.

const (
	lateWithin = 7 * 24 * time.Hour
	digestMost = 1000 // interactions that one digest looks at
	digestText = 8000 // bytes of what it says
	// markMost bounds what is remembered. Of a customer with more in a week, what is older counts as told.
	markMost = 2 * digestMost
)

// digestNames are what the expression of a digest reads.
var digestNames = types.Map{"day": types.String, "interactions": types.Array(contactType)}

// days says when a day ends: at an hour in a zone. The zero days end at midnight in UTC.
type days struct {
	hour int
	zone *time.Location
}

func (d days) in() *time.Location {
	if d.zone == nil {
		return time.UTC
	}
	return d.zone
}

// end returns when a day ends: at the hour of that day, and at midnight after it.
func (d days) end(day time.Time) time.Time {
	if d.hour == 0 {
		day = day.AddDate(0, 0, 1)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), d.hour, 0, 0, 0, d.in())
}

// of returns the day that a moment is in.
func (d days) of(at time.Time) time.Time {
	at = at.In(d.in())
	day := time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, time.UTC).AddDate(0, 0, -1) // noon is in every day once
	for !d.end(day).After(at) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// Told is what has been told on one object of what happened. The ledger keeps it; its zero value has told nothing.
type Told struct {
	From  time.Time // what happened earlier is not told
	Day   string    // the last day that was told, 2026-11-30; "" = none
	Marks []Mark    // what was told of the last week, ascending by hash
}

// Mark is one interaction that was told.
type Mark struct {
	At   time.Time
	Hash uint64
}

// Telling is one digest.
type Telling struct {
	Key   string // of the comment: the same for the same day and interactions
	Day   string
	Marks []Mark // what it tells, ascending by hash
	Text  string // "" when the rule has nothing to say of it, which counts as told
}

// With returns what has been told after more was. It does not matter in which order, or how often.
func (t Told) With(day string, marks []Mark) Told {
	t.Day = max(t.Day, day)
	all := slices.Concat(t.Marks, marks)
	slices.SortFunc(all, func(a, b Mark) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Hash, b.Hash)) })
	if len(all) > 0 { // the newest first; far behind it and the day nothing is told any more
		old := all[0].At.Add(-2 * lateWithin)
		if on, err := time.Parse(time.DateOnly, day); err == nil && on.Before(all[0].At) { // what a clock that was ahead noted
			old = on.Add(-2 * lateWithin)
		}
		all = slices.DeleteFunc(all, func(m Mark) bool { return m.At.Before(old) })
	}
	if len(all) > markMost {
		t.From = later(t.From, all[markMost].At.Add(time.Nanosecond))
		all = all[:markMost]
	}
	slices.SortStableFunc(all, byHash)
	t.Marks = slices.CompactFunc(all, func(a, b Mark) bool { return a.Hash == b.Hash })
	return t
}

func byHash(a, b Mark) int { return cmp.Compare(a.Hash, b.Hash) }

// told reports whether an interaction is among marks.
func told(marks []Mark, e *Entity) bool {
	_, known := slices.BinarySearchFunc(marks, markOf(e), byHash)
	return known
}

// Digests reports whether something is told on the object of an item.
func (r *Rules) Digests(key string) bool { return r.digestOf(key) != nil }

func (r *Rules) digestOf(key string) *rule {
	name, _, _ := strings.Cut(key, "/")
	i := slices.IndexFunc(r.rules, func(one *rule) bool { return one.name == name && one.digest != nil })
	if i < 0 {
		return nil
	}
	return r.rules[i]
}

// Digest returns what is to be told on the object of an item, nil when nothing is now, and when there will be something, zero
// when that is not foreseen. due says that the end of a day had come when this was planned; between the ends of days nothing
// is told.
func (r *Rules) Digest(g Graph, e *Entity, key string, before Told, due bool) (*Telling, time.Time, error) {
	one := r.digestOf(key)
	if one == nil || e.Golden.Deleted() {
		return nil, time.Time{}, nil
	}
	s := r.scene(g, e, r.plans[e.Kind])
	now := g.Now()
	last := r.days.of(now).AddDate(0, 0, -1) // the last day that has ended
	end, day := r.days.end(last), last.Format(time.DateOnly)
	if before.From.After(now) { // our clock was ahead
		before.From = time.Time{}
	}
	fresh, err := s.untold(before, end.Add(-lateWithin))
	if err != nil || len(fresh) == 0 {
		return nil, time.Time{}, err
	}
	over := slices.IndexFunc(fresh, func(e *Entity) bool { return !occurred(e).Before(end) })
	if over < 0 {
		over = len(fresh)
	}
	wrong := before.Day > r.days.of(now).Format(time.DateOnly) // our clock was
	if !due || over == 0 || day <= before.Day && !wrong {
		return nil, r.days.end(r.days.of(later(now, occurred(fresh[0])))), nil
	}
	t, err := s.tell(one, day, fresh[:over])
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("rule %s for %s: %w", one.name, e.ID, err)
	}
	next := time.Time{}
	if over < len(fresh) {
		next = r.days.end(r.days.of(later(now, occurred(fresh[over]))))
	}
	return t, next, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Retell returns a digest that may have been left without our learning of it, as far as what it told is still known.
func (r *Rules) Retell(g Graph, e *Entity, key string, t Telling) (Telling, error) {
	t.Text = ""
	one := r.digestOf(key)
	if one == nil || len(t.Marks) == 0 || e.Golden.Deleted() {
		return t, nil
	}
	s := r.scene(g, e, r.plans[e.Kind])
	first := slices.MinFunc(t.Marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	list, err := s.recent(first.At, digestMost, func(e *Entity) bool { return told(t.Marks, e) })
	if err != nil || len(list) == 0 {
		return t, err
	}
	slices.SortFunc(list, byTime)
	again, err := s.tell(one, t.Day, list)
	if err != nil {
		return t, fmt.Errorf("rule %s for %s: %w", one.name, e.ID, err)
	}
	t.Text = again.Text
	return t, nil
}

// untold returns what is still to be told, the oldest first; among it what is going to happen.
func (s *scene) untold(before Told, since time.Time) ([]*Entity, error) {
	list, err := s.recent(later(since, before.From), digestMost, func(e *Entity) bool {
		return isContact(e) && !told(before.Marks, e)
	})
	slices.SortFunc(list, byTime)
	return list, err
}

// byTime orders interactions, the oldest first; those of one moment in an order that does not depend on their arrival.
func byTime(a, b *Entity) int {
	return cmp.Or(occurred(a).Compare(occurred(b)), byHash(markOf(a), markOf(b)))
}

// tell makes the digest of a day of some interactions, the oldest first.
func (s *scene) tell(one *rule, day string, list []*Entity) (*Telling, error) {
	t := &Telling{Day: day}
	all := make([]any, len(list))
	h := xxhash.New()
	for i, e := range list {
		m := markOf(e)
		t.Marks = append(t.Marks, m)
		_, _ = h.WriteString(strconv.FormatUint(m.Hash, 36) + " ")
		value, err := s.contact(e)
		if err != nil {
			return nil, err
		}
		all[i] = value
	}
	slices.SortFunc(t.Marks, byHash)
	t.Key = "digest/" + day + "/" + strconv.FormatUint(h.Sum64(), 36)
	text, err := one.digest.Run(map[string]any{"day": day, "interactions": all})
	if err != nil {
		return nil, fmt.Errorf("digest %w", err)
	}
	t.Text = canonical.CleanLong(text.(string))
	if len(t.Text) > digestText {
		t.Text = strings.ToValidUTF8(t.Text[:digestText], "") + "…"
	}
	return t, nil
}

// markOf returns the mark of an interaction. Two records of one e-mail have the same.
func markOf(e *Entity) Mark {
	id := text(e.Golden.Get("message_id"))
	if id == "" {
		id = e.ID
	}
	return Mark{At: occurred(e), Hash: xxhash.Sum64String(id)}
}

// digest reads what a rule tells of a day.
func (l *loader) digest(r *rule, n *tree.Node) {
	if !given(n) {
		return
	}
	if !hasState(r.kind) || r.once {
		l.report.Addf(n.Pos, "the rule %s has a digest; only what is shown of people and organizations, and is not made once, has one", r.name)
		return
	}
	r.digest = l.formulaIn(digestNames, "digest of the rule "+r.name, n, formula.Text)
}

// clock reads when the days of digests end. A later file replaces what it says.
func (l *loader) clock(n *tree.Node) {
	if !given(n) || !n.IsMap(&l.report, "digest") {
		return
	}
	n.Only(&l.report, "digest", "hour", "zone")
	if v := n.Get("hour"); given(v) {
		hour, err := strconv.Atoi(v.Text)
		if err != nil || hour < 0 || hour > 23 {
			l.report.Addf(v.Pos, "hour must be from 0 to 23: when a day of a digest ends, 0 = at midnight")
		}
		l.days.hour = hour
	}
	if v := n.Get("zone"); given(v) {
		zone, err := time.LoadLocation(v.Text)
		if err != nil || v.Text == "" {
			l.report.Addf(v.Pos, "zone must be the name of a time zone, Europe/Zagreb")
		}
		l.days.zone = zone
	}
}
