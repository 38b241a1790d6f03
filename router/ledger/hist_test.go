package ledger_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// fieldsAsTheyAre maps an object whose members are canonical fields in normal form; one that is named "broken" cannot be
// mapped, and the mapper leaves out fields that it is told to.
type fieldsAsTheyAre struct{ version, without string }

func (m fieldsAsTheyAre) Version() string { return m.version }

func (m fieldsAsTheyAre) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(rec.Data, &fields); err != nil || fields["broken"] != nil {
		return canonical.Profile{}, mapping.Outcome{}, fmt.Errorf("map %s: broken", rec.Ref)
	}
	p := canonical.Profile{Kind: canonical.Kind(kindOf(rec.Ref.String()))}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		switch name {
		case m.without, "n":
		case "past":
			p.Past = strings.Trim(string(fields[name]), `"`)
		case "filter":
			return p, mapping.Outcome{Filtered: "test"}, nil
		default:
			p.Fields = append(p.Fields, canonical.Field{Name: name, Value: fields[name]})
		}
	}
	return p, mapping.Outcome{}, nil
}

// version is a record with the given JSON.
func version(id string, n int, data string) connectors.Record {
	r := connectors.Record{Ref: ref(id), Version: at(n), Seen: at(n + 1)}
	if data != "" {
		r.Data = json.RawMessage(data)
	}
	return r
}

// past describes the history of records, with times as seconds of the vendor's clock.
func past(w *world, refs ...string) []string {
	var list []string
	for _, id := range refs {
		for _, s := range ledger.PastOf(w.Ledger, w.engine, id) {
			until := "…"
			if !s.Until.IsZero() {
				until = fmt.Sprint(s.Until.Sub(epoch).Seconds())
			}
			list = append(list, fmt.Sprintf("%s %s=%s %v-%s lapsed=%v", s.Ref, s.Field, s.Value, s.From.Sub(epoch).Seconds(), until, s.Lapsed))
		}
	}
	return list
}

func TestHistoryOfADeal(t *testing.T) {
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	const id = "a/deals/1"
	w.fetch(version(id, 10, `{"stage":"new","status":"open","amount":{"amount":"5.00","currency":"EUR"},"probability":"0.2"}`))
	w.fetch(version(id, 20, `{"stage":"new","status":"open","amount":{"amount":"7.00","currency":"EUR"},"probability":"0.2","n":1}`))
	w.fetch(version(id, 30, `{"stage":"offer","status":"open","amount":null,"probability":"0.5","stage_history":[{"stage":"offer","entered_at":"2026-11-22T12:00:25.000Z"}]}`))
	w.fetch(version(id, 40, `{"stage":"won","status":"won"}`))
	equalLines(t, "history", past(w, id), []string{
		"a/deals/1 stage=new 10-25 lapsed=false", "a/deals/1 stage=offer 25-40 lapsed=false", "a/deals/1 stage=won 40-… lapsed=false",
		"a/deals/1 status=open 10-40 lapsed=false", "a/deals/1 status=won 40-… lapsed=false",
		"a/deals/1 amount=5.00 EUR 10-20 lapsed=false", "a/deals/1 amount=7.00 EUR 20-30 lapsed=false",
		"a/deals/1 probability=0.2 10-30 lapsed=false", "a/deals/1 probability=0.5 30-… lapsed=false"})
	var stays []ledger.Stay
	deal := w.id(id)
	if err := w.Snapshot(t.Context(), func(s *ledger.Snap) (err error) {
		stays, err = s.History(deal)
		return err
	}); err != nil || len(stays) != 9 || stays[0].Field != "amount" || stays[8].Field != "status" {
		t.Errorf("History: %v, %v; want 9 stays by time", stays, err)
	}
	w.fetch(gone(id, 50, connectors.Hard))
	if got := past(w, id); len(got) != 9 || !strings.HasSuffix(got[0], "lapsed=true") {
		t.Errorf("after the vendor deleted the deal: %v, want its history, lapsed", got)
	}
	w.fetch(gone(id, 60, connectors.Privacy))
	if got := past(w, id); len(got) != 0 || len(w.engine.(*memory).dump("hist")) != 0 {
		t.Errorf("after a deletion for privacy: %v, want nothing", got)
	}
}

// What older rules said stays, and what they got wrong is as the present rules say.
func TestHistorySurvivesOtherRules(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/contacts/1", 10, `{"lifecycle.stage":"lead","lead.status":"new"}`), version("a/contacts/1", 20, `{"lifecycle.stage":"customer","lead.status":"new"}`))
	want := past(w, "a/contacts/1")
	w = newWorldWith(t, m, fieldsAsTheyAre{version: "2", without: "lifecycle.stage"})
	for done := false; !done; {
		out, err := w.Remap(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done = out.Done
	}
	equalLines(t, "history under rules without the stage", past(w, "a/contacts/1"), want)
}

// A version that arrives after a later one changes no golden record, and what is shown may follow from it all the same.
func TestLateVersionMarksTheEntity(t *testing.T) { // invariant 3
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/companies/1", 20, `{"lifecycle.stage":"lead"}`))
	w.fetch(version("a/deals/1", 20, `{"organization":"a/companies/1"}`))
	w.clean()
	out := w.fetch(version("a/companies/1", 10, `{"lifecycle.stage":"customer"}`))
	if want := []string{w.id("a/deals/1"), w.id("a/companies/1")}; !slices.Equal(out.Changed, want) || out.Stale != 1 {
		t.Errorf("a late version that was a customer: %+v, want %v changed", out, want)
	}
	w.clean()
	if out = w.fetch(version("a/companies/1", 10, `{"lifecycle.stage":"customer"}`)); len(out.Changed) != 0 {
		t.Errorf("the same again: %v, want nothing changed", out.Changed)
	}
}

// A first version costs no row.
func TestFirstVersionCostsNoHistory(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/contacts/1", 10, `{"lifecycle.stage":"lead","lifecycle.entered":{"lead":"2026-11-22T12:00:05.000Z"}}`))
	if rows := m.dump("hist"); len(rows) != 0 {
		t.Errorf("rows %v, want none: the record itself says it", rows)
	}
	equalLines(t, "history", past(w, "a/contacts/1"), []string{"a/contacts/1 lifecycle.stage=lead 5-… lapsed=false"})
}

var histRefs = []string{"a/contacts/1", "a/contacts/2", "a/companies/1", "a/deals/1"}

// drawTold draws what a row of changes tells of a deal; two rows tell of one second now and then.
func drawTold(t *rapid.T) connectors.Record {
	fields := map[string]any{"past": "a/deals/1", "n": 0}
	for name, values := range map[string][]any{"stage": {"s1", "s2", nil, "absent"}, "status": {"open", "won", "absent"}} {
		if v := rapid.SampledFrom(values).Draw(t, name); v != "absent" {
			fields[name] = v
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "oddity") == 0 {
		fields["broken"] = true
	}
	r := version(fmt.Sprintf("a/deals/change%d", rapid.IntRange(1, 5).Draw(t, "row")), rapid.IntRange(1, 7).Draw(t, "version"), "")
	r.Data, _ = json.Marshal(fields)
	return r
}

// drawPast draws one version of one record with fields that histories are kept of. Times collide on purpose.
func drawPast(t *rapid.T) connectors.Record {
	id := rapid.SampledFrom(histRefs).Draw(t, "ref")
	r := version(id, rapid.IntRange(1, 7).Draw(t, "version"), "")
	r.Seen = at(rapid.IntRange(1, 9).Draw(t, "seen"))
	r.Deleted.Kind = rapid.SampledFrom([]connectors.DeletionKind{"", "", "", "", "", "", connectors.Soft, connectors.Hard, connectors.Privacy}).Draw(t, "deleted")
	if r.Deleted.Kind != connectors.NotDeleted && rapid.Bool().Draw(t, "bare") {
		return r
	}
	fields := map[string]any{"n": rapid.IntRange(0, 1).Draw(t, "n")}
	set := func(name string, values ...any) {
		if v := rapid.SampledFrom(append(values, "absent")).Draw(t, name); v != "absent" {
			fields[name] = v
		}
	}
	if id == "a/deals/1" {
		set("stage", "s1", "s2", nil)
		set("status", "open", "won")
		set("stage_history", []map[string]string{{"stage": "s1", "entered_at": at(2).Format("2006-01-02T15:04:05.000Z")}, {"stage": "s2", "entered_at": at(4).Format("2006-01-02T15:04:05.000Z")}})
	} else {
		set("lifecycle.stage", "lead", "mql", "customer", nil)
		set("lead.status", "new", "open")
		set("lifecycle.entered", map[string]string{"lead": at(1).Format("2006-01-02T15:04:05.000Z")}, map[string]string{"lead": at(3).Format("2006-01-02T15:04:05.000Z"), "mql": at(3).Format("2006-01-02T15:04:05.000Z")})
		set("emails", []map[string]string{{"address": "ann@acme.example"}})
	}
	switch rapid.IntRange(0, 9).Draw(t, "oddity") {
	case 0:
		fields["broken"] = true
	case 1:
		fields["filter"] = true
	}
	r.Data, _ = json.Marshal(fields)
	return r
}

func TestHistoriesDoNotDependOnArrival(t *testing.T) { // invariant 2
	rapid.Check(t, func(rt *rapid.T) {
		history := rapid.SliceOfN(rapid.OneOf(rapid.Custom(drawPast), rapid.Custom(drawTold)), 1, 30).Draw(rt, "history")
		seed := rapid.Int64().Draw(rt, "seed")
		var first []string
		for n := range 4 {
			m := newMemory()
			w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
			deliver(w, history, rand.New(rand.NewSource(seed+int64(n))))
			got := past(w, histRefs...)
			if n == 0 {
				first = got
			} else if !slices.Equal(got, first) {
				rt.Fatalf("order %d ends in another history:\ngot\n  %s\nwant\n  %s", n, strings.Join(minus(got, first), "\n  "), strings.Join(minus(first, got), "\n  "))
			}
		}
	})
}

// What was said, then said again later, and something else in between that arrives last.
func TestSaidAgainIsNotSaidAllTheTime(t *testing.T) {
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	const lead, customer = `{"lifecycle.stage":"lead"}`, `{"lifecycle.stage":"customer"}`
	w.fetch(version("a/contacts/1", 10, lead))
	w.fetch(version("a/contacts/1", 30, lead))
	w.fetch(version("a/contacts/1", 20, customer))
	equalLines(t, "history", past(w, "a/contacts/1"), []string{"a/contacts/1 lifecycle.stage=lead 10-20 lapsed=false",
		"a/contacts/1 lifecycle.stage=customer 20-30 lapsed=false", "a/contacts/1 lifecycle.stage=lead 30-… lapsed=false"})
}
