package ledger_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger"
)

// withHub maps what people say as a real Set does, and everything else as plain does.
type withHub struct{ plain }

func (h withHub) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	if rec.Ref.Connection == canonical.Hub {
		return mapping.NewSet(nil).Map(rec)
	}
	return h.plain.Map(rec)
}

func hubWorld(t testing.TB) *world { return newWorldWith(t, newMemory(), withHub{plain{"1"}}) }

// set overrides one field of a record's entity.
func (w *world) set(record, field, value string) []string {
	w.t.Helper()
	changed, err := w.Override(w.t.Context(), w.id(record), map[string]json.RawMessage{field: json.RawMessage(value)}, "ana@hub", "a test")
	if err != nil {
		w.t.Fatalf("Override: %v", err)
	}
	return changed
}

func TestOverrideWinsUntilRemoved(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana", Email: "a@x.example"}))
	id := w.id("hs/contacts/1")
	w.clean()
	if changed := w.set("hs/contacts/1", "name.full", `"Ana Marić"`); len(changed) != 1 || changed[0] != id {
		t.Fatalf("an override marks %v; want %s", changed, id)
	}
	w.fetch(rec("hs/contacts/1", 900_000_000, say{Name: "A. M.", Email: "a@x.example"})) // newer than any clock of ours
	got := func() string { return strings.Join(w.entities(), "\n") }
	if want := `person [hs/contacts/1] emails=[{"address":"a@x.example"}] name.full="Ana Marić"`; got() != want {
		t.Errorf("after a newer version of the source: %s; want %s", got(), want)
	}
	w.set("hs/contacts/1", "name.full", `""`)
	if want := `person [hs/contacts/1] emails=[{"address":"a@x.example"}]`; got() != want {
		t.Errorf("after an override with nothing: %s; want %s", got(), want)
	}
	w.set("hs/contacts/1", "name.full", `null`)
	if want := `person [hs/contacts/1] emails=[{"address":"a@x.example"}] name.full="A. M.1"`; got() != want {
		t.Errorf("after the override was removed: %s; want %s", got(), want)
	}
	if w.id("hs/contacts/1") != id {
		t.Errorf("the entity became %s; want %s still", w.id("hs/contacts/1"), id)
	}
	if changed := w.set("hs/contacts/1", "name.full", `null`); len(changed) != 0 {
		t.Errorf("removing what is not there marks %v; want nothing", changed)
	}
}

func TestOverrideKeepsNobodyAlive(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana"}))
	id := w.id("hs/contacts/1")
	w.set("hs/contacts/1", "name.full", `"Boss"`)
	w.clean()
	w.fetch(gone("hs/contacts/1", 2, connectors.Hard))
	if got := w.entities(); len(got) != 0 {
		t.Errorf("entities %v are left of a deleted record and its override; want none", got)
	}
	if list := w.dirty(); len(list) != 1 || list[0].Entity != id {
		t.Errorf("marks %v; want one of %s, so that the target closes it", list, id)
	}
	if _, err := w.Override(t.Context(), id, map[string]json.RawMessage{"title": json.RawMessage(`"x"`)}, "", ""); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("overriding what is gone: %v; want ErrNotFound", err)
	}
	w.fetch(rec("hs/contacts/1", 3, say{Name: "Ana"}))
	equalLines(t, "after the record came back", w.entities(), []string{`person [hs/contacts/1] name.full="Boss"`})
}

func TestOverrideGoesWithItsRecord(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana"}), rec("hs/contacts/2", 1, say{Name: "Bo"}))
	w.set("hs/contacts/1", "title", `"CEO"`)
	w.now = w.now.Add(time.Second)
	w.set("hs/contacts/2", "title", `"CTO"`)
	before, ids := w.entities(), []string{w.id("hs/contacts/1"), w.id("hs/contacts/2")}
	w.fetch(rec("hs/contacts/2", 2, say{Name: "Bo", Same: []string{"hs/contacts/1"}}))
	equalLines(t, "joined", w.entities(), []string{`person [hs/contacts/1 hs/contacts/2] name.full="Bo1" title="CTO"`})
	w.fetch(rec("hs/contacts/2", 3, say{Name: "Bo"}))
	equalLines(t, "split again", w.entities(), before)
	if w.id("hs/contacts/1") != ids[0] || w.id("hs/contacts/2") != ids[1] {
		t.Errorf("ids after the split are %s, %s; want %v", w.id("hs/contacts/1"), w.id("hs/contacts/2"), ids)
	}
	w.fetch(rec("hs/contacts/2", 4, say{Name: "Bo", Same: []string{"hs/contacts/1"}}))
	w.now = w.now.Add(time.Second)
	w.set("hs/contacts/1", "language", `"hr"`)
	equalLines(t, "another field of the older edit", w.entities(), []string{`person [hs/contacts/1 hs/contacts/2] language="hr" name.full="Bo1" title="CTO"`})
	w.set("hs/contacts/1", "language", `null`)
	w.set("hs/contacts/1", "title", `null`)
	equalLines(t, "removed from both", w.entities(), []string{`person [hs/contacts/1 hs/contacts/2] name.full="Bo1"`})
}

// Overrides of two companies do not keep apart what joins them otherwise.
func TestOverrideIsNoVeto(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/companies/1", 1, say{Name: "Acme"}))
	w.fetch(rec("zd/companies/1", 1, say{Name: "Acme"}))
	w.set("hs/companies/1", "industry", `"steel"`)
	w.set("zd/companies/1", "description", `"good payer"`)
	w.fetch(rec("hs/companies/1", 2, say{Name: "Acme", Domain: "acme.example"}))
	w.fetch(rec("zd/companies/1", 2, say{Name: "Acme", Domain: "acme.example"}))
	equalLines(t, "joined by their domain", w.entities(), []string{`organization [hs/companies/1 zd/companies/1] description="good payer" domains=["acme.example"] industry="steel" name="Acme1"`})
}

func TestOverrideRefusesWhatCannotBe(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana"}))
	for field, want := range map[string]string{"titel": `did you mean "title"?`, "birthday": "birthday: ", "emails": "emails: "} {
		_, err := w.Override(t.Context(), w.id("hs/contacts/1"), map[string]json.RawMessage{"title": json.RawMessage(`"CEO"`), field: json.RawMessage(`"geheim"`)}, "", "")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("setting %s to nonsense: %v; want an error with %q and without the value", field, err, want)
		}
	}
	equalLines(t, "after refused overrides", w.entities(), []string{`person [hs/contacts/1] name.full="Ana1"`})
	if _, err := w.Override(t.Context(), "per_00000000000000000000000000", nil, "", ""); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("overriding nobody: %v; want ErrNotFound", err)
	}
}

// The end state does not depend on when a person said something in the course of what sources say (invariant 2).
func TestOverridesDoNotDependOnArrival(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		versions := []connectors.Record{rec("hs/contacts/1", 1, say{Name: "A", Email: "a@x.example"}), rec("hs/contacts/1", 2, say{Name: "B", Email: "b@x.example"}),
			rec("zd/contacts/1", 1, say{Name: "C", Email: "a@x.example"}), rec("zd/contacts/1", 3, say{Name: "D", Email: "b@x.example"}), gone("zd/contacts/1", 4, connectors.Soft)}
		run := func(order []connectors.Record, at int) []string {
			w := hubWorld(t)
			w.fetch(rec("hs/contacts/1", 0, say{Name: "0"}))
			for i, r := range order {
				if i == at {
					w.set("hs/contacts/1", "title", `"CEO"`)
				}
				w.fetch(r)
			}
			return w.entities()
		}
		got := run(rapid.Permutation(versions).Draw(rt, "order"), rapid.IntRange(0, 4).Draw(rt, "at"))
		equalLines(t, "another order", got, run(versions, 2))
	})
}

func TestRegoldFollowsNewRules(t *testing.T) {
	engine := newMemory()
	w := newWorldWith(t, engine, withHub{plain{"1"}})
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Older", Email: "a@x.example"}), rec("hs/contacts/9", 1, say{Name: "Alone"}))
	w.fetch(rec("zd/contacts/1", 2, say{Name: "Newer", Email: "a@x.example"}))
	w.clean()
	id := w.id("hs/contacts/1")
	regold := func() {
		t.Helper()
		for range 10 {
			done, err := w.Regold(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if done {
				return
			}
		}
		t.Fatal("Regold does not end")
	}
	regold()
	if list := w.dirty(); len(list) != 0 {
		t.Fatalf("the same rules mark %v; want nothing", list)
	}
	s, err := identity.LoadSurvivorship("s.yaml", []byte("survivorship:\n  sources: [hs]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if w.Ledger, err = ledger.Open(engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: withHub{plain{"1"}}, Survivorship: s}); err != nil {
		t.Fatal(err)
	}
	regold()
	if list := w.dirty(); len(list) != 1 || list[0].Entity != id {
		t.Errorf("new rules mark %v; want %s alone", list, id)
	}
	w.clean()
	for _, section := range []string{"  fields: {name.*: {only: [zd]}}\n", "  fields: {}\n"} { // what is heard decides about single records, too
		if s, err = identity.LoadSurvivorship("s.yaml", []byte("survivorship:\n"+section)); err != nil {
			t.Fatal(err)
		}
		if w.Ledger, err = ledger.Open(engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: withHub{plain{"1"}}, Survivorship: s}); err != nil {
			t.Fatal(err)
		}
		regold()
		if list := w.dirty(); !slices.ContainsFunc(list, func(d ledger.Dirty) bool { return d.Entity == w.id("hs/contacts/9") }) {
			t.Errorf("rules %q mark %v; want the single record's %s among them", section, list, w.id("hs/contacts/9"))
		}
		ledger.Memberships(w.Ledger, engine)
		w.clean()
	}
	ledger.Memberships(w.Ledger, engine) // panics when an etag is not that of its golden record
}

// An erasure forgets what people said of a customer as it forgets what sources said.
func TestErasureForgetsOverrides(t *testing.T) {
	engine := newMemory()
	w := newWorldWith(t, engine, withHub{plain{"1"}})
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana"}))
	id := w.id("hs/contacts/1")
	w.set("hs/contacts/1", "title", `"Unmistakable"`)
	w.set("hs/contacts/1", "title", `"Unmistakable too"`)
	held := func() (keys []string) {
		for key, value := range engine.rows {
			if strings.Contains(value, "Unmistakable") || strings.Contains(value, "a test") {
				keys = append(keys, strings.ReplaceAll(key, "\x00", " "))
			}
		}
		return keys
	}
	if len(held()) == 0 {
		t.Fatal("no row holds the override; the test looks in the wrong place")
	}
	if _, err := w.Erase(t.Context(), id, ledger.EraseOptions{By: "dpo", Suppress: true}); err != nil {
		t.Fatal(err)
	}
	if keys := held(); len(keys) > 0 {
		t.Errorf("rows %q hold what people said of an erased customer", keys)
	}
	if _, err := w.Override(t.Context(), id, map[string]json.RawMessage{"title": json.RawMessage(`"x"`)}, "", ""); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("overriding an erased customer: %v; want ErrNotFound", err)
	}
}
