package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// letter is a mail that is kept only if one of those who took part is known.
func letter(id string, version int, took string) connectors.Record {
	return rec(id, version, say{Name: id, Took: took, Known: true})
}

// mailbox applies a page of the stream of messages.
func (w *world) mailbox(records ...connectors.Record) ledger.Outcome {
	w.t.Helper()
	state, err := w.Stream(w.t.Context(), records[0].Ref.Connection, "inbox")
	must(w.t, err)
	out, err := w.Apply(w.t.Context(), ledger.Batch{Connection: records[0].Ref.Connection, Stream: "inbox", Object: "messages", Kind: ledger.Poll,
		From: state.Cursor, To: connectors.Cursor(fmt.Sprint(len(state.Cursor), records[0].Version)), Records: records})
	must(w.t, err)
	return out
}

// gaps describes the gaps.
func (w *world) gaps() string {
	w.t.Helper()
	list, err := w.Gaps(w.t.Context())
	must(w.t, err)
	var text []string
	for _, g := range list {
		text = append(text, fmt.Sprintf("%s/%s from %d seen %d %s", g.Connection, g.Stream, int(g.From.Sub(epoch).Seconds()), g.Seen, g.Kind))
	}
	return strings.Join(text, ", ")
}

// kept lists the interactions by subject.
func (w *world) kept() string {
	w.t.Helper()
	var list []string
	for _, e := range w.entities() {
		if _, after, ok := strings.Cut(e, `subject="`); ok && strings.HasPrefix(e, string(canonical.Interaction)) {
			list = append(list, strings.TrimPrefix(after[:strings.Index(after, `"`)], "m/messages/"))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// Of a mail with strangers nothing is stored but keyed hashes; when one of them, or the organization that has the domain,
// becomes known, the stream has a gap from the earliest on, and what is read again is kept.
func TestStrangersAreReadAgainWhenTheyAreKnown(t *testing.T) { // invariants 7 and 8
	m := newMemory()
	w := newWorld(t, m)
	out := w.mailbox(letter("m/messages/1", 50, "ann@quarkbaum.example,bob@gmail.com"), letter("m/messages/2", 20, "ann@quarkbaum.example"),
		letter("m/messages/3", 10, "cy@zwirn.example"), letter("m/messages/4", 5, "dan@gmail.com"))
	if out.Filtered != 4 || out.ByRule[ledger.RuleUnknown] != 4 || out.ByRule["unknown correspondents"] != 4 {
		t.Fatalf("outcome: %+v, want four filtered by that name", out)
	}
	if got := m.holding("quarkbaum", "zwirn", "gmail", "ann@", "m/messages", "messages\x00"); len(got) != 0 {
		t.Errorf("of strangers there is:\n%q", got)
	}
	if n := len(m.dump("stranger")); n != 6 { // ann, bob, cy, dan and two domains
		t.Errorf("%d sightings, want 6", n)
	}
	w.fetch(rec("a/contacts/9", 1, say{Name: "Other", Email: "other@quarkbaum.example"}))
	w.fetch(rec("a/companies/8", 1, say{Name: "Mail", Domain: "gmail.com"}))
	if got := w.gaps(); got != "" {
		t.Errorf("nobody became known, and there is %s", got)
	}
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@quarkbaum.example"}))
	if got := w.gaps(); got != "m/inbox from 20 seen 1 correspondents became known" {
		t.Errorf("ann is known, and there is %q", got)
	}
	w.fetch(rec("a/companies/1", 1, say{Name: "Zwirn", Domain: "zwirn.example"}), rec("a/contacts/1", 2, say{Name: "Ann B.", Email: "ann@quarkbaum.example"}))
	if got := w.gaps(); got != "m/inbox from 10 seen 2 correspondents became known" {
		t.Errorf("the organization is known, too, and there is %q", got)
	}
	if n := len(m.dump("stranger")); n != 4 { // bob, cy, dan, and ann's domain
		t.Errorf("%d sightings are left, want 4", n)
	}
	out = w.mailbox(letter("m/messages/1", 50, "ann@quarkbaum.example,bob@gmail.com"), letter("m/messages/2", 20, "ann@quarkbaum.example"), letter("m/messages/3", 10, "cy@zwirn.example"))
	if got := w.kept(); out.Applied != 3 || got != "1 2 3" {
		t.Errorf("read again: %+v, %q is kept", out, got)
	}
}

// What was kept once stays when those leave whom it was known by, and whoever was deleted is not known.
func TestKeptOnceIsKept(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@x.example"}))
	w.mailbox(letter("m/messages/1", 1, "ann@x.example"))
	w.fetch(gone("a/contacts/1", 2, connectors.Soft))
	w.mailbox(letter("m/messages/2", 2, "ann@x.example"), letter("m/messages/1", 3, "ann@x.example,bo@x.example"))
	if got := w.kept(); got != "1" {
		t.Errorf("%q is kept", got)
	}
	w.fetch(rec("a/contacts/1", 3, say{Name: "Ann", Email: "ann@x.example"})) // the same as before
	if got := w.gaps(); got != "m/inbox from 2 seen 1 correspondents became known" {
		t.Errorf("she is there again, and there is %q", got)
	}
}

// Who was erased and is to stay away is a stranger, also where the organization is known, until the suppression is lifted.
func TestTheSuppressedStayStrangers(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("a/contacts/1", 1, say{Name: "Zoe", Email: "zoe@acme.example"}), rec("a/companies/1", 1, say{Name: "Acme", Domain: "acme.example"}))
	if _, err := w.Erase(t.Context(), w.id("a/contacts/1"), ledger.EraseOptions{Suppress: true}); err != nil {
		t.Fatal(err)
	}
	w.mailbox(letter("m/messages/1", 7, "zoe@acme.example"), letter("m/messages/2", 8, "cy@acme.example"))
	w.fetch(rec("a/contacts/1", 3, say{Name: "Zoe", Email: "zoe@acme.example"}))
	if got := w.kept(); got != "2" || w.gaps() != "" || len(m.holding("zoe@")) != 0 {
		t.Errorf("%q is kept, there is %q, and of her %q", got, w.gaps(), m.holding("zoe@"))
	}
	if _, err := w.Unsuppress(t.Context(), "zoe@acme.example"); err != nil {
		t.Fatal(err)
	}
	w.fetch(rec("a/contacts/1", 4, say{Name: "Zoe", Email: "zoe@acme.example"}))
	if got := w.gaps(); got != "m/inbox from 7 seen 1 correspondents became known" {
		t.Errorf("she may come back, and there is %q", got)
	}
}

// A fetched record is read again with the stream of its object; a time to come is none, and without one it is the
// beginning; a letter of what can be mapped now and is nobody's business goes.
func TestSightingsOfOddMails(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.mailbox(letter("m/messages/1", 9, "a@x.example"))
	far := letter("m/messages/2", 1<<30, "b@x.example")
	far.Seen = at(77)
	w.fetch(far)
	w.fetch(rec("m/messages/3", 1, say{Name: "3", Broken: true}))
	w.fetch(letter("m/messages/3", 2, "c@x.example"))
	if letters := deadLetters(w); len(letters) != 0 || len(m.holding("c@x")) != 0 {
		t.Errorf("the letter is still there: %v", letters)
	}
	w.fetch(rec("a/contacts/1", 1, say{Name: "B", Email: "b@x.example"}))
	if got := w.gaps(); got != "m/inbox from 77 seen 1 correspondents became known" {
		t.Errorf("gaps: %q", got)
	}
	never := letter("m/messages/4", 0, "d@x.example")
	never.Version = time.Time{}
	w.fetch(never)
	w.fetch(rec("a/contacts/2", 1, say{Name: "D", Email: "d@x.example"}))
	list, err := w.Gaps(t.Context())
	if must(t, err); len(list) != 1 || !list[0].From.IsZero() {
		t.Errorf("gaps: %+v, want the whole stream", list)
	}
}

// A crash at any write of what makes somebody known leaves the sighting or the gap.
func TestCrashWhileSomebodyBecomesKnown(t *testing.T) { // invariants 1 and 8
	for n := 1; ; n++ {
		m := newMemory()
		w := newWorld(t, m)
		w.mailbox(letter("m/messages/1", 9, "ann@x.example"))
		old := m.rows
		m.failPut = n
		_, err := w.Apply(t.Context(), pollBatch("", "p1", rec("a/contacts/1", 1, say{Email: "ann@x.example"})))
		if err == nil {
			if n < 8 {
				t.Fatalf("it made only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errCrash) || !maps.Equal(m.rows, old) {
			t.Fatalf("crash at write %d: %v, and something was left behind", n, err)
		}
		m.failPut = 0
		if w.fetch(rec("a/contacts/1", 1, say{Email: "ann@x.example"})); w.gaps() == "" {
			t.Fatalf("after the crash at write %d nothing is read again", n)
		}
	}
}

// In whatever order mails and people come, with what is read again the same mails are there in the end, and no sighting of
// those who are known.
func TestStrangersInAnyOrder(t *testing.T) { // invariant 2
	addresses := []string{"ann@acme.example", "bob@acme.example", "eve@corp.example", "info@corp.example", "ann@gmail.com", "cy@gmail.com"}
	some := func(rt *rapid.T, least int) string {
		return strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(addresses), least, 2, rapid.ID[string]).Draw(rt, "addresses"), ",")
	}
	rapid.Check(t, func(rt *rapid.T) {
		var all, mails []connectors.Record
		for n := range rapid.IntRange(1, 3).Draw(rt, "people") {
			all = append(all, rec(fmt.Sprint("a/contacts/", n), 1, say{Name: fmt.Sprint("P", n), Email: some(rt, 0)}))
		}
		all = append(all, rec("a/companies/1", 1, say{Name: "C", Domain: rapid.SampledFrom([]string{"", "corp.example", "gmail.com"}).Draw(rt, "domain")}))
		for n := range rapid.IntRange(1, 8).Draw(rt, "mails") {
			mails = append(mails, letter(fmt.Sprint("m/messages/", n), n+1, some(rt, 1)))
		}
		all = append(all, mails...)
		rnd := rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed")))
		want := ""
		for order := range 3 {
			m := newMemory()
			m.twice = order == 2
			w := newWorld(t, m)
			if order > 0 { // people first, in the first order
				rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			}
			for _, r := range all {
				if r.Ref.Connection == "m" {
					w.mailbox(r)
				} else {
					w.fetch(r)
				}
			}
			gaps, err := w.Gaps(t.Context())
			must(t, err)
			for _, g := range gaps {
				for _, r := range mails {
					if !r.Version.Before(g.From) {
						w.mailbox(r)
					}
				}
				must(t, w.HealGap(t.Context(), g))
			}
			if got := w.kept(); order == 0 {
				want = got
			} else if got != want {
				rt.Fatalf("order %d keeps %q, want %q", order, got, want)
			}
		}
	})
}

// filtering is plain with a rule that its first version has and the second has not.
type filtering struct{ plain }

func (f filtering) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	p, out, err := f.plain.Map(rec)
	if f.version == "1" && rec.Ref.Object == "messages" {
		return canonical.Profile{Kind: p.Kind}, mapping.Outcome{Filtered: "not yet"}, err
	}
	return p, out, err
}

// What a rule kept out until now and nobody knows is emptied when the rule goes, and comes when somebody does.
func TestRulesThatLetStrangersIn(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, filtering{plain{"1"}})
	w.mailbox(letter("m/messages/1", 9, "ann@quarkbaum.example"))
	if len(m.holding("quarkbaum")) == 0 {
		t.Fatal("what a rule keeps out is not stored: the test has no teeth")
	}
	w = newWorldWith(t, m, filtering{plain{"2"}})
	out, err := w.Remap(t.Context())
	if must(t, err); !out.Done || out.Records != 1 || w.kept() != "" || len(m.holding("quarkbaum")) != 0 {
		t.Errorf("%+v, %q is kept and of her there is %q", out, w.kept(), m.holding("quarkbaum"))
	}
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@quarkbaum.example"}))
	if got := w.gaps(); got != "m/inbox from 9 seen 1 correspondents became known" {
		t.Errorf("gaps: %q", got)
	}
	if w.mailbox(letter("m/messages/1", 9, "ann@quarkbaum.example")); w.kept() != "1" {
		t.Errorf("%q is kept", w.kept())
	}
}

// allowing is plain with rules whose second version keeps mail whoever is known, as `keep: all` does.
type allowing struct{ plain }

func (f allowing) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	p, out, err := f.plain.Map(rec)
	if f.version == "2" {
		out.Known = nil
	}
	return p, out, err
}

// Of what was passed over nothing is stored that other rules could be asked about, so it is read again when they change, once.
func TestOtherRulesReadStrangersAgain(t *testing.T) { // invariants 7 and 8
	m := newMemory()
	letters := []connectors.Record{letter("m/messages/1", 9, "ann@quarkbaum.example"), letter("m/messages/2", 4, "bob@gmail.com")}
	for _, step := range []struct{ version, gaps, kept string }{
		{"1", "", ""},
		{"1", "", ""}, // the same rules, opened again
		{"2", "m/inbox from 4 seen 1 correspondents became known", "1 2"},
		{"2", "", "1 2"},
	} {
		w := newWorldWith(t, m, allowing{plain{step.version}})
		for done := false; !done; {
			out, err := w.Remap(t.Context())
			must(t, err)
			done = out.Done
		}
		if got := w.gaps(); got != step.gaps {
			t.Fatalf("rules %s: gaps %q, want %q", step.version, got, step.gaps)
		}
		w.mailbox(letters...)
		gaps, err := w.Gaps(t.Context())
		must(t, err)
		for _, g := range gaps {
			must(t, w.HealGap(t.Context(), g))
		}
		if got := w.kept(); got != step.kept {
			t.Errorf("rules %s: %q is kept, want %q", step.version, got, step.kept)
		}
	}
}

// A fetched record of an object that comes along with another's pages is read again with those: no stream has its name.
func TestStrangersThatComeAlong(t *testing.T) {
	w := newWorld(t, newMemory())
	_, err := w.Apply(t.Context(), ledger.Batch{Connection: "m", Stream: "inbox", Object: "messages", Along: []string{"notes"}, Kind: ledger.Poll,
		To: "1", Records: []connectors.Record{letter("m/messages/1", 9, "a@x.example")}})
	must(t, err)
	w.fetch(letter("m/notes/1", 5, "b@x.example"))
	w.fetch(rec("a/contacts/1", 1, say{Name: "B", Email: "b@x.example"}))
	if got := w.gaps(); got != "m/inbox from 5 seen 1 correspondents became known" {
		t.Errorf("b is known, and there is %q", got)
	}
}
