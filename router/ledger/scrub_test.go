package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// A namesake, and who shares an address, keep what is theirs; what others write about the customer goes.
func TestErasureLeavesNamesakesAlone(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, plain{})
	w.fetch(rec("a/contacts/1", 1, say{Name: "John Q. Smith", Email: "john@smith.example"}),
		rec("a/contacts/2", 1, say{Name: "John Q. Smith", Email: "jqs@elsewhere.example"}),
		rec("a/contacts/3", 1, say{Name: "Ada Other", Domain: "assistant of John Q. Smith"}),
		rec("a/companies/1", 1, say{Name: "Smith & Co", Domain: "ask John Q. Smith"}))
	w.erase("a/contacts/1")
	want := []string{`organization [a/companies/1] domains=["ask [erased]"] name="Smith & Co"`,
		`person [a/contacts/2] emails=[{"address":"jqs@elsewhere.example"}] name.full="John Q. Smith"`,
		`person [a/contacts/3] domains=["assistant of [erased]"] name.full="Ada Other"`}
	for i, line := range w.entities() {
		if got := strings.ReplaceAll(line, `\u0026`, "&"); i >= len(want) || got != want[i] {
			t.Errorf("entity %d: got %s", i, got)
		}
	}
}

// Whatever is written the other way round, escaped or dialled differently, is the same person.
func TestTracesAreFoundInAnyForm(t *testing.T) {
	w := newWorldWith(t, newMemory(), plain{})
	w.fetch(rec("a/contacts/1", 1, say{Name: zoe, Email: mail}))
	forms := []string{"żofia  QUARKBAUM", "Zofia.Q@Quarkbaum.Example", "Z\u0307ofia Quarkbaum"}
	for i, text := range forms {
		w.fetch(rec(fmt.Sprint("a/deals/", i), 1, say{Name: "for " + text, Org: "a/contacts/1"}))
	}
	escaped := connectors.Record{Ref: ref("a/deals/9"), Version: at(1), Seen: at(2),
		Data: []byte(`{"kind":"deal","name":"for \u017bofia Quarkbaum"}`)}
	w.fetch(escaped)
	w.erase("a/contacts/1")
	lines := w.entities()
	if len(lines) != 4 {
		t.Fatalf("entities: got %v, want four deals", lines)
	}
	for _, line := range lines {
		if !strings.Contains(line, `name="for [erased]`) || strings.Contains(strings.ToLower(line), "quarkbaum") {
			t.Errorf("got %s, want the name erased", line)
		}
	}
}

// Figures count calls and mails: that there was one stays, with whom and about what was said does not.
func TestInteractionsKeepOnlyThatTheyHappened(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, plain{})
	w.fetch(rec("a/contacts/1", 1, say{Name: zoe, Email: mail}), rec("a/deals/1", 1, say{Name: "D"}))
	w.fetch(rec("a/mails/1", 1, say{Kind: "interaction", Name: "Secret talk", With: "a/contacts/1"}),
		rec("a/mails/2", 1, say{Kind: "interaction", Name: "Other secret", Took: mail}),
		rec("a/mails/3", 1, say{Kind: "interaction", Name: "Not theirs", Took: "ada@other.example"}))
	w.erase("a/contacts/1")
	const rest = ` deals=["a/deals/1"] kind="email" occurred_at="2026-11-22T10:00:00Z"`
	equalLines(t, "entities", w.entities(), []string{`deal [a/deals/1] name="D"`, "interaction [a/mails/1]" + rest,
		"interaction [a/mails/2]" + rest + ` participants=[{"name":"erased"}]`,
		`interaction [a/mails/3] deals=["a/deals/1"] kind="email" name="Not theirs" occurred_at="2026-11-22T10:00:00Z"` + ` participants=[{"address":"ada@other.example","role":"from"}] subject="Not theirs"`})
	w.fetch(rec("a/mails/1", 1, say{Kind: "interaction", Name: "Secret talk", With: "a/contacts/1"}))
	l, err := ledger.Open(m, ledger.Options{Mapper: plain{"2"}, Key: []byte(strings.Repeat("k", 32)), Targets: []string{target}, Reach: reach})
	must(t, err)
	w.Ledger = l
	for done := false; !done; {
		r, err := w.Remap(t.Context())
		must(t, err)
		done = r.Done
	}
	w.fetch(rec("a/mails/1", 1, say{Kind: "interaction", Name: "Secret talk", With: "a/contacts/1"}))
	if got := m.holding("secret", "a\x00contacts\x001"); len(got) != 0 {
		t.Errorf("after new rules and a re-read: %v", got)
	}
}

// New rules map what was cleaned, and what the vendor sends again of it brings nothing back.
func TestCleanedRecordsStayCleanUnderNewRules(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	w.erase("a/contacts/1")
	l, err := ledger.Open(m, ledger.Options{Mapper: plain{"2"}, Key: []byte(strings.Repeat("k", 32)), Targets: []string{target}, Reach: reach})
	must(t, err)
	w.Ledger = l
	deal := rec("a/deals/1", 1, say{Name: "Renewal " + zoe, Org: "a/contacts/1"})
	deal.Seen = at(500)
	w.fetch(deal) // before the background gets to it
	for done := false; !done; {
		r, err := w.Remap(t.Context())
		must(t, err)
		done = r.Done
	}
	w.fetch(deal)
	if got := w.entities()[0]; !strings.HasPrefix(got, `deal [a/deals/1] name="Renewal [erased]2"`) {
		t.Errorf("got %s, want it cleaned and mapped by the new rules", got)
	}
	if got := m.holding("quarkbaum"); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	if out := w.fetch(rec("a/deals/1", 2, say{Name: "Renewal II"})); out.Applied != 1 {
		t.Errorf("a later version: got %+v, want it applied", out.Counts)
	}
}

// A switchboard is everybody's; a mobile number is one person's.
func TestOnlyMobileNumbersAreSuppressed(t *testing.T) {
	w := newWorldWith(t, newMemory(), plain{})
	w.fetch(rec("a/contacts/1", 1, say{Name: zoe, Office: "+49301234567"}), rec("a/contacts/2", 1, say{Name: "Bob B", Mobile: "+491711234567"}))
	if done := w.erase("a/contacts/1"); done.Shared != 1 || done.Suppressed != 1 {
		t.Errorf("with a switchboard: got %+v, want the record suppressed and not the number", done)
	}
	if done := w.erase("a/contacts/2"); done.Shared != 0 || done.Suppressed != 2 {
		t.Errorf("with a mobile: got %+v, want both suppressed", done)
	}
	if out := w.fetch(rec("a/contacts/9", 1, say{Name: "C", Office: "+49301234567"})); out.Applied != 1 {
		t.Errorf("a colleague: got %+v, want it applied", out.Counts)
	}
	if out := w.fetch(rec("b/leads/9", 1, say{Name: "C", Mobile: "+491711234567"})); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("the mobile again: got %+v, want it refused", out.Counts)
	}
}

// The name of an organization is that of its deals, too. Its people keep the addresses that are theirs, a subsidiary its
// own name, and the report says so.
func TestErasedOrganizationIsNamedNowhere(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, plain{})
	const firm, host = "Mjölnir Werke GmbH", "mjoelnir.example"
	w.fetch(rec("a/companies/1", 1, say{Name: firm, Domain: host, Office: "+4930123456"}),
		rec("a/companies/2", 1, say{Name: "Mjölnir Werke Austria", Domain: "mjoelnir.at"}),
		rec("a/companies/3", 1, say{Name: "Thor", Domain: "thor.example"}),
		rec("a/contacts/1", 1, say{Name: "Ada Other", Email: "ada@" + host, Org: "a/companies/1"}))
	w.fetch(rec("a/deals/1", 1, say{Name: "mjölnir  werke: order 5", Org: "a/companies/1"}),
		rec("a/deals/2", 1, say{Name: "as for Mjölnir\u00a0Werke GmbH"}),
		rec("a/deals/3", 1, say{Name: "Thor and Thorsten: see www.thor.example", Org: "a/companies/3"}),
		rec("a/deals/4", 1, say{Name: "Thor means others here"}))
	w.fetch(rec("a/deals/1", 2, say{Name: "Mjölnir Werke: order 6", Org: "a/companies/1"}),
		rec("a/deals/3", 2, say{Name: "Thor, Thorsten: see www.thor.example", Org: "a/companies/3"}))
	done := w.erase("a/companies/1")
	if want := []string{"a/companies/2", "a/contacts/1"}; !slices.Equal(done.Kept, want) {
		t.Errorf("kept: got %v, want %v", done.Kept, want)
	}
	if done = w.erase("a/companies/3"); len(done.Kept) > 0 {
		t.Errorf("kept: got %v, want nothing", done.Kept)
	}
	equalLines(t, "entities", w.entities(), []string{`deal [a/deals/1] name="[erased]: order 6" organization="a/companies/1"`,
		`deal [a/deals/2] name="as for [erased]"`, `deal [a/deals/3] name="[erased], Thorsten: see www.[erased]" organization="a/companies/3"`,
		`deal [a/deals/4] name="Thor means others here"`, `organization [a/companies/2] domains=["mjoelnir.at"] name="Mjölnir Werke Austria"`,
		`person [a/contacts/1] emails=[{"address":"ada@mjoelnir.example"}] name.full="Ada Other" organization="a/companies/1"`})
	if got := m.holding("Mjölnir Werke:", "Werke GmbH", "Thor,", "order 5"); len(got) > 0 {
		t.Errorf("after the erasures:\n%s", strings.Join(got, "\n"))
	}
}

// Whoever gave the number of their company as their own does not take it along.
func TestErasedPersonLeavesTheSwitchboard(t *testing.T) {
	w := newWorldWith(t, newMemory(), plain{})
	w.fetch(rec("a/companies/1", 1, say{Name: "Acme, ask Żofia Quarkbaum", Office: "+4930123456"}),
		rec("a/contacts/1", 1, say{Name: zoe, Office: "+4930123456", Org: "a/companies/1"}))
	done := w.erase("a/contacts/1")
	equalLines(t, "entities", w.entities(), []string{
		`organization [a/companies/1] name="Acme, ask [erased]" phones=[{"e164":"+4930123456","raw":"+4930123456","type":"work"}]`})
	if want := []string{"a/companies/1"}; !slices.Equal(done.Kept, want) || !slices.Equal(done.Named, want) {
		t.Errorf("got named %v and kept %v, want %v both", done.Named, done.Kept, want)
	}
}

// Where words are written together, a name ends without a space.
func TestTracesAreFoundWhereNoSpacesAre(t *testing.T) {
	for name, deals := range map[string][]string{
		"王小明":         {"王小明的订单", "关于王小明", `\u738b\u5c0f\u660e`},
		"小明 王":        {"王小明的订单 ← 小明王", "小明・王さま"},
		"김민준":         {"김민준님의 주문"},
		"สุดา แสงทอง": {"คุณสุดา แสงทองครับ"},
	} {
		w := newWorldWith(t, newMemory(), plain{})
		w.fetch(rec("a/contacts/1", 1, say{Name: name, Email: mail}))
		for i, text := range deals {
			w.fetch(connectors.Record{Ref: ref(fmt.Sprint("a/deals/", i)), Version: at(1), Seen: at(2),
				Data: []byte(`{"kind":"deal","org":"a/contacts/1","name":"` + text + `"}`)})
		}
		w.erase("a/contacts/1")
		for _, line := range w.entities() {
			if !strings.Contains(line, "[erased]") || strings.Contains(line, "小明") || strings.Contains(line, "민준") || strings.Contains(line, "แสงทอง") {
				t.Errorf("%s: got %s, want the name erased", name, line)
			}
		}
	}
}
