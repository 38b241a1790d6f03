package ledger_test

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// utterance is one version of a record in a history of consents.
type utterance struct {
	id      string
	version int
	word    word
	deleted connectors.DeletionKind
	bare    bool // a deletion without content
}

func (v utterance) record() connectors.Record {
	if v.bare {
		return gone(v.id, v.version, v.deleted)
	}
	r := spoke(v.id, v.version, v.word)
	r.Deleted.Kind = v.deleted
	return r
}

var speakers = []string{"hs/contacts/1", "hs/contacts/2", "sf/Contact/1", "mc/members/1", "mc/members/2", "mc/members/3", "mc/consents/1", "mc/consents/2"}

func drawHistory(t *rapid.T) []utterance {
	var list []utterance
	for version := range rapid.IntRange(1, 24).Draw(t, "versions") {
		v := utterance{id: rapid.SampledFrom(speakers).Draw(t, "id"), version: version + 1}
		status := rapid.SampledFrom([]string{"", "opted_out", "opted_out", "opted_in", "opted_in", "pending", "never"}).Draw(t, "status")
		if status != "" {
			since := rapid.SampledFrom([]string{"-", fmt.Sprint(v.version), fmt.Sprint((v.version + 1) / 2)}).Draw(t, "since")
			v.word.Says = []string{"email " + rapid.SampledFrom([]string{"-", "News"}).Draw(t, "topic") + " " + status + " " + since}
		}
		address := rapid.SampledFrom([]string{ann, ann, eve})
		switch {
		case v.id == "mc/consents/1": // by reference: its person keeps its address
			v.word.Person = "mc/members/3"
		case strings.Contains(v.id, "/consents/"):
			v.word.Email = address.Draw(t, "email")
		case v.id == "mc/members/3":
			v.word.Name, v.word.Email = "Ann Lee", ann
		default:
			v.word.Name, v.word.Email = "Ann Lee", address.Draw(t, "email")
			if rapid.IntRange(0, 9).Draw(t, "filter") == 0 {
				v.word.Filter = "tests"
			}
		}
		if strings.Contains(v.id, "/consents/") && status == "" {
			v.word.Says = []string{"email - pending"}
		}
		v.deleted = rapid.SampledFrom([]connectors.DeletionKind{"", "", "", "", connectors.Hard, connectors.Archived}).Draw(t, "deleted")
		v.bare = v.deleted != "" && rapid.Bool().Draw(t, "bare")
		list = append(list, v)
	}
	return list
}

// oracle says what must be shown after some of a history, from nothing but that and who is together.
type oracle struct {
	arrived []utterance
}

// content is the newest version of a record that has content, nil when there is none or it is filtered.
func (o *oracle) content(id string) *utterance {
	var best *utterance
	for i := range o.arrived {
		if v := &o.arrived[i]; v.id == id && !v.bare && (best == nil || v.version > best.version) {
			best = v
		}
	}
	if best == nil || best.word.Filter != "" {
		return nil
	}
	return best
}

func (o *oracle) live(id string) bool {
	newest := utterance{}
	for _, v := range o.arrived {
		if v.id == id && v.version > newest.version {
			newest = v
		}
	}
	return newest.deleted == "" && o.content(id) != nil
}

// addresses is whom a version speaks of: an address, or the record of a person.
func (o *oracle) addresses(v *utterance) []string {
	if v.word.Person == "" {
		return []string{v.word.Email}
	}
	if p := o.content(v.word.Person); p != nil {
		return []string{v.word.Person, p.word.Email}
	}
	return []string{v.word.Person}
}

func when(v *utterance, p *canonical.Permission) int {
	for n := range v.version {
		if p.Since == at(n).Format(canonical.TimeLayout) {
			return n
		}
	}
	return v.version
}

// lifted reports whether an opt-out about an address is taken back: by its own record, or by another of its account.
func (o *oracle) lifted(out *utterance, p *canonical.Permission, address string, anywhere bool) bool {
	last := 0 // when its record last said so of the address
	for i := range o.arrived {
		v := &o.arrived[i]
		for _, q := range permissions(v.word.Says) {
			if v.id == out.id && !v.bare && v.word.Filter == "" && q.Topic == p.Topic && q.Status == p.Status && slices.Contains(o.addresses(v), address) {
				last = max(last, v.version)
			}
		}
	}
	stillSays := false
	if now := o.content(out.id); now != nil && o.live(out.id) {
		for _, q := range permissions(now.word.Says) {
			stillSays = stillSays || q.Topic == p.Topic && canonical.Restriction(q.Status) >= canonical.Restriction(p.Status) &&
				slices.Contains(o.addresses(now), address)
		}
	}
	for i := range o.arrived {
		v := &o.arrived[i]
		for _, q := range permissions(v.word.Says) {
			if v.bare || v.word.Filter != "" || q.Status != "opted_in" || q.Topic != p.Topic || when(v, &q) <= last {
				continue
			}
			here := slices.Contains(o.addresses(v), address)
			own, account := v.id == out.id, ref(v.id).Connection == ref(out.id).Connection
			if own && (here || anywhere) || account && here && q.Since != "" && !stillSays {
				return true
			}
		}
	}
	return false
}

// want returns what must be shown of the customer of some records, live or not: the status of each topic.
func (o *oracle) want(members []string) string {
	ranks := map[string]int{}
	rank := func(p *canonical.Permission) { ranks[p.Topic] = max(ranks[p.Topic], canonical.Restriction(p.Status)) }
	has := map[string]bool{}
	for _, id := range members {
		has[id] = true
		if v := o.content(id); v != nil {
			has[v.word.Email] = true
		}
	}
	for _, id := range speakers {
		v := o.content(id)
		if v == nil || !o.live(id) {
			continue
		}
		about := slices.Contains(members, id)
		if strings.Contains(id, "/consents/") {
			about = slices.ContainsFunc(o.addresses(v), func(a string) bool { return has[a] })
		}
		for _, p := range permissions(v.word.Says) {
			if about {
				rank(&p)
			}
		}
	}
	for i := range o.arrived {
		v := &o.arrived[i]
		for _, p := range permissions(v.word.Says) {
			if v.bare || v.word.Filter != "" || canonical.Restriction(p.Status) < canonical.Forbids {
				continue
			}
			for _, a := range o.addresses(v) {
				own := slices.Contains(members, v.id)
				if (has[a] || own) && !o.lifted(v, &p, a, !has[a]) {
					rank(&p)
				}
			}
		}
	}
	words := []string{"", "opted_in", "pending", "never", "opted_out"}
	var list []string
	for topic, n := range ranks {
		list = append(list, strings.Join(strings.Fields("email "+topic+" "+words[max(n, ranks[""])]), " "))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// shownConsents returns, for each live customer, its records and its consents.
func (w *world) shownConsents() map[string]string {
	w.t.Helper()
	shown := map[string]string{}
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		ids, _, err := s.Entities(canonical.Person, "", 1000)
		if err != nil {
			return err
		}
		for _, id := range ids {
			sources, err := s.Sources(id)
			if err != nil {
				return err
			}
			var refs []string
			for _, src := range sources {
				refs = append(refs, src.Ref.String())
			}
			shown[strings.Join(refs, " ")] = id
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("read customers: %v", err)
	}
	for refs := range shown {
		shown[refs] = w.consents(strings.Fields(refs)[0])
	}
	return shown
}

// TestConsentDoesNotDependOnArrival checks random histories of three accounts against the rule, after every arrival: an
// opt-out counts until one of the allowed causes lifts it, for whoever has the address; and no order ends otherwise.
func TestConsentDoesNotDependOnArrival(t *testing.T) { // invariants 2 and 3
	rapid.Check(t, func(rt *rapid.T) {
		history := drawHistory(rt)
		var decisions []ledger.Decision // of two about one pair the last counts
		people := speakers[:6]
		for range rapid.IntRange(0, 3).Draw(rt, "decisions") {
			a, b := rapid.SampledFrom(people).Draw(rt, "a"), rapid.SampledFrom(people).Draw(rt, "b")
			if a < b {
				decisions = append(decisions, ledger.Decision{A: a, B: b, Same: rapid.Bool().Draw(rt, "same")})
			}
		}
		seed := rapid.Int64().Draw(rt, "seed")
		var first map[string]string
		for n := range 3 {
			rnd := rand.New(rand.NewSource(seed + int64(n)))
			w := newWorldWith(t, newMemory(), consenting{})
			o := &oracle{}
			for _, i := range rnd.Perm(len(history)) {
				before, moved := w.shownConsents(), o.moves(&history[i])
				o.arrived = append(o.arrived, history[i])
				w.fetch(history[i].record())
				checkConsents(rt, w, o, &history[i])
				if !moved && !o.allowed() {
					checkCause(rt, w, before, &history[i])
				}
			}
			w.decideAll(decisions)
			checkConsents(rt, w, o, nil)
			if got := w.shownConsents(); n == 0 {
				first = got
			} else if !maps.Equal(got, first) {
				rt.Fatalf("order %d ends with\n%v\nthe first with\n%v", n, got, first)
			}
			if lost := w.unmarked(); lost != "" {
				rt.Fatalf("order %d lost a mark: %s", n, lost)
			}
		}
	})
}

// moves reports whether a version gives its record another address than it has: then its customer leaves the old one.
func (o *oracle) moves(v *utterance) bool {
	was := o.content(v.id)
	return was != nil && !v.bare && was.word.Email != v.word.Email
}

// checkConsents compares what is shown with the rule.
func checkConsents(t *rapid.T, w *world, o *oracle, last *utterance) {
	for refs, got := range w.shownConsents() {
		if want := o.want(strings.Fields(refs)); got != want {
			t.Fatalf("after %v: %s shows %q, want %q; arrived: %v", last, refs, got, want, o.arrived)
		}
	}
}

// allowed reports whether anything that arrived says opted_in.
func (o *oracle) allowed() bool {
	return slices.ContainsFunc(o.arrived, func(v utterance) bool {
		return slices.ContainsFunc(v.word.Says, func(s string) bool { return strings.Contains(s, "opted_in") })
	})
}

// checkCause checks that an opt-out which was shown before one arrival is not gone after it.
func checkCause(t *rapid.T, w *world, before map[string]string, last *utterance) {
	for refs, got := range w.shownConsents() {
		for line := range strings.SplitSeq(before[refs], ", ") {
			now := strings.Split(got, ", ")
			if strings.HasSuffix(line, "opted_out") && !slices.Contains(now, line) && !slices.Contains(now, "email opted_out") {
				t.Fatalf("after %v: %s was %q and is %q without a cause", last, refs, before[refs], got)
			}
		}
	}
}
