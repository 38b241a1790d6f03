package ledger_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// erase erases the customer of a record, for good.
func (w *world) erase(record string) ledger.Erasure {
	w.t.Helper()
	done, err := w.Erase(w.t.Context(), w.id(record), ledger.EraseOptions{By: "ops@host", Why: "case 7", Suppress: true})
	if err != nil {
		w.t.Fatalf("Erase: %v", err)
	}
	return done
}

// holding lists the rows that hold one of the texts, in clear, in base64 as JSON keeps bytes, or packed.
func (m *memory) holding(texts ...string) []string {
	var list []string
	for k, v := range m.rows {
		row := strings.ToLower(k + " " + v + " " + decoded(v))
		for _, text := range texts {
			escaped := strings.Trim(fmt.Sprintf("%+q", strings.ToLower(text)), `"`)
			if strings.Contains(row, strings.ToLower(text)) || strings.Contains(row, escaped) {
				list = append(list, fmt.Sprintf("%q holds %s", k, text))
			}
		}
	}
	slices.Sort(list)
	return list
}

// decoded undoes the base64 of the JSON rows that have some.
func decoded(row string) string {
	var d struct {
		Data     []byte
		Delivery *struct{ Request struct{ Body []byte } }
		Request  struct{ Body []byte }
	}
	if json.Unmarshal([]byte(row), &d) != nil {
		return ""
	}
	text := string(d.Data) + string(d.Request.Body)
	if d.Delivery != nil {
		text += string(d.Delivery.Request.Body)
	}
	return text
}

const (
	zoe  = "Żofia Quarkbaum"
	mail = "zofia.q@quarkbaum.example"
)

// filled is a ledger in which a customer has left traces everywhere.
func filled(t *testing.T, m *memory) *world {
	w := newWorldWith(t, m, plain{})
	w.fetch(rec("b/leads/9", 1, say{Name: zoe, Email: mail}))
	w.fetch(rec("a/contacts/1", 1, say{Name: zoe, Email: mail}),
		rec("a/contacts/2", 1, say{Name: "Ada Other", Email: "ada@other.example", Org: "a/companies/1"}),
		rec("a/companies/1", 1, say{Name: "Acme", Domain: "acme.example"}))
	w.fetch(rec("a/contacts/1", 2, say{Name: zoe + " Nowak", Email: mail}))
	w.fetch(rec("a/deals/1", 1, say{Name: "Renewal " + zoe, Org: "a/contacts/1"}),
		rec("a/deals/2", 1, say{Name: "ask " + mail}), rec("a/deals/3", 1, say{Name: "Acme", Org: "a/companies/1"}))
	w.fetch(rec("a/contacts/1", 3, say{Name: zoe, Broken: true})) // a dead letter with personal data
	w.fetch(rec("a/deals/4", 1, say{Name: mail, Broken: true}))
	must(t, w.PutInbox(t.Context(), "a", connectors.Delivery{Method: "POST", URL: "https://hub.example/",
		Body: []byte(`[{"email":"` + mail + `"},{"id":5}]`), Received: w.now}))
	must(t, w.PutInbox(t.Context(), "a", connectors.Delivery{Method: "POST", URL: "https://hub.example/",
		Body: []byte("email=zofia.q%40quarkbaum.example"), Received: w.now}))
	var list []ledger.Settlement
	for _, mark := range w.dirty() {
		item := connectors.Item{Key: "card/" + mark.Entity, Project: "Customers", Title: w.shows(mark.Entity)}
		list = append(list, ledger.Settlement{Entity: mark.Entity, Generation: mark.Generation,
			Wrote: []ledger.Link{{Key: item.Key, Link: connectors.Link("gid" + mark.Entity), Item: &item}}})
	}
	if _, err := w.Settle(t.Context(), target, list); err != nil {
		t.Fatalf("Settle: %v", err)
	}
	must(t, w.AddHints(t.Context(), []connectors.Hint{{Ref: ref("a/contacts/1"), At: at(5)}}))
	return w
}

func TestErasedCustomerLeavesNoTrace(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	if got := m.holding("quarkbaum"); len(got) < 4 {
		t.Fatalf("before the erasure: %v hold the name, want more: the test has no teeth", got)
	}
	id := w.id("a/contacts/1")
	done := w.erase("a/contacts/1")
	if got := m.holding("quarkbaum", "Żofia", mail, "zofia"); len(got) != 0 {
		t.Errorf("after the erasure:\n%s", strings.Join(got, "\n"))
	}
	if want := []string{"a/contacts/1", "b/leads/9"}; !slices.Equal(done.Refs, want) || done.Entity != id || len(done.Former) != 1 {
		t.Errorf("report: got %+v, want entity %s with records %v and one former id", done, id, want)
	}
	if want := []string{"a/deals/1", "a/deals/2"}; !slices.Equal(done.Named, want) {
		t.Errorf("named: got %v, want %v", done.Named, want)
	}
	if done.Letters != 2 || done.Deliveries != 2 || done.Log == 0 {
		t.Errorf("report: got %+v, want two letters, two deliveries and the log", done)
	}
	equalLines(t, "entities", w.entities(), []string{`deal [a/deals/1] name="Renewal [erased]" organization="a/contacts/1"`,
		`deal [a/deals/2] name="ask [erased]"`, `deal [a/deals/3] name="Acme" organization="a/companies/1"`,
		`organization [a/companies/1] domains=["acme.example"] name="Acme"`,
		`person [a/contacts/2] emails=[{"address":"ada@other.example"}] name.full="Ada Other" organization="a/companies/1"`})
	totals := w.totals()
	if totals.Records["a/contacts"] != 1 || totals.Live["a/contacts"] != 1 || totals.Records["b/leads"] != 0 || totals.Refs["a"] != 0 {
		t.Errorf("totals: got %+v, want one contact left and no wish", totals)
	}
}

func TestErasureSaysWhatIsLeftToDeliver(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	id := w.id("a/contacts/1")
	w.erase("a/contacts/1")
	before, err := w.Erasing(t.Context())
	must(t, err)
	must(t, w.Snapshot(t.Context(), func(s *ledger.Snap) error {
		at, erased, err := s.Erased(id)
		links, _ := s.Links(target, id)
		if !erased || !at.Equal(w.now) || len(links) != 1 || links[0].Item.Title != "" {
			t.Errorf("got %v %v, links %+v, want an erased one with a link that shows nothing", at, erased, links)
		}
		return err
	}))
	w.clean()
	after, err := w.Erasing(t.Context())
	must(t, err)
	if before.Waiting < 2 || after.Waiting != 0 || after.Since.IsZero() {
		t.Errorf("waiting: got %d, then %d since %v, want some, then none and a store to compact", before.Waiting, after.Waiting, after.Since)
	}
}

func TestErasedCustomerDoesNotComeBack(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	w.erase("a/contacts/1")
	again := []connectors.Record{rec("a/contacts/1", 2, say{Name: zoe, Email: mail}), rec("a/contacts/1", 9, say{Name: "renamed"}),
		gone("b/leads/9", 9, connectors.Hard), rec("a/contacts/1", 10, say{Broken: true, Name: zoe}),
		rec("c/people/"+mail, 1, say{Name: zoe, Email: mail}), rec("c/people/77", 1, say{Name: zoe, Email: mail}),
		rec("c/people/78", 1, say{Email: mail, Broken: true})}
	for _, r := range again {
		out := w.fetch(r)
		if out.Filtered != 1 || out.ByRule[ledger.RuleSuppressed] != 1 || out.Read != 1 {
			t.Errorf("%s again: got %+v, want it filtered as suppressed", r.Ref, out.Counts)
		}
	}
	must(t, w.AddHints(t.Context(), []connectors.Hint{{Ref: ref("a/contacts/1"), At: at(50)}}))
	if n := w.totals().Refs["a"]; n != 0 {
		t.Errorf("wishes to fetch it: got %d, want none", n)
	}
	if got := m.holding("quarkbaum", "Żofia", "zofia"); len(got) != 0 {
		t.Errorf("what came back:\n%s", strings.Join(got, "\n"))
	}
	out := w.fetch(rec("a/deals/1", 1, say{Name: "Renewal " + zoe, Org: "a/contacts/1"}))
	if out.Unchanged != 1 {
		t.Errorf("the deal read again: got %+v, want it unchanged", out.Counts)
	}
	out = w.fetch(rec("c/people/77", 2, say{Name: "Ada", Email: "ada2@other.example"}))
	if out.Applied != 1 || w.id("c/people/77") == "" {
		t.Errorf("a record that is somebody else now: got %+v, want it applied", out.Counts)
	}
}

func TestUnsuppressedCustomerComesBack(t *testing.T) {
	w := filled(t, newMemory())
	id := w.id("a/contacts/1")
	done := w.erase("a/contacts/1")
	w.fetch(rec("c/people/77", 1, say{Name: zoe, Email: mail}))
	n, err := w.Unsuppress(t.Context(), " ZOFIA.Q@quarkbaum.example")
	if err != nil || n != done.Suppressed || n < 3 {
		t.Fatalf("Unsuppress: got %d, %v, want all %d entries", n, err, done.Suppressed)
	}
	w.fetch(rec("a/contacts/1", 2, say{Name: zoe, Email: mail}))
	w.fetch(rec("b/leads/9", 1, say{Name: zoe, Email: mail}))
	w.fetch(rec("c/people/77", 1, say{Name: zoe, Email: mail}))
	if w.id("a/contacts/1") != id || w.id("c/people/77") != id {
		t.Errorf("got %q and %q, want both back as %s", w.id("a/contacts/1"), w.id("c/people/77"), id)
	}
	must(t, w.Snapshot(t.Context(), func(s *ledger.Snap) error {
		if _, erased, err := s.Erased(id); erased || err != nil {
			t.Errorf("Erased(%s): got %v, %v, want no more", id, erased, err)
		}
		return nil
	}))
}

func TestErasureWithoutSuppressionRefusesOnlyWhatWasErased(t *testing.T) {
	w := filled(t, newMemory())
	if _, err := w.Erase(t.Context(), w.id("a/contacts/1"), ledger.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	same := rec("b/leads/9", 1, say{Name: zoe, Email: mail})
	same.Seen = at(5000)
	if out := w.fetch(same); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("the erased version: got %+v, want it refused", out.Counts)
	}
	if out := w.fetch(rec("b/leads/9", 2, say{Name: zoe, Email: mail})); out.Applied != 1 {
		t.Errorf("a later version: got %+v, want it applied", out.Counts)
	}
}

func TestSharedAddressIsNotSuppressed(t *testing.T) {
	w := newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ada", Email: "ada@home.example,info@home.example"}),
		rec("a/contacts/2", 1, say{Name: "Bob", Email: "family@home.example"}),
		rec("a/contacts/3", 1, say{Name: "Eve", Email: "family@home.example"}))
	if _, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/2", B: "a/contacts/3"}); err != nil {
		t.Fatal(err)
	}
	if done := w.erase("a/contacts/1"); done.Suppressed != 2 {
		t.Errorf("suppressed: got %+v, want the record and its own address, not the role's", done)
	}
	if done := w.erase("a/contacts/2"); done.Suppressed != 1 || done.Shared != 1 {
		t.Errorf("suppressed: got %+v, want the record alone: somebody else has the address", done)
	}
	if out := w.fetch(rec("a/contacts/3", 2, say{Name: "Eva", Email: "family@home.example"})); out.Applied != 1 {
		t.Errorf("who shares the address: got %+v, want it applied", out.Counts)
	}
}

func TestErasureIsRepeatable(t *testing.T) {
	w := filled(t, newMemory())
	id := w.id("a/contacts/1")
	first := w.erase("a/contacts/1")
	again, err := w.Erase(t.Context(), id, ledger.EraseOptions{Suppress: true})
	if err != nil || !again.Already || again.By != "ops@host" || again.Why != "case 7" || !again.At.Equal(first.At) {
		t.Errorf("again: got %+v, %v, want the first erasure's report", again, err)
	}
	if _, err := w.Erase(t.Context(), "per_00000000000000000000000000", ledger.EraseOptions{}); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a customer that never was: got %v, want ErrNotFound", err)
	}
}

func TestErasureRefusesAReasonThatNamesTheCustomer(t *testing.T) {
	w := filled(t, newMemory())
	_, err := w.Erase(t.Context(), w.id("a/contacts/1"), ledger.EraseOptions{Why: "wish of Ms Quarkbaum Żofia"})
	if err == nil || strings.Contains(err.Error(), "Quarkbaum") || w.id("a/contacts/1") == "" {
		t.Errorf("got %v, want a refusal that does not repeat the name", err)
	}
}

func TestCrashInAnErasureLeavesAllOrNothing(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	id, before := w.id("a/contacts/1"), m.rows
	for n := 1; ; n++ {
		m.failPut = n
		_, err := w.Erase(t.Context(), id, ledger.EraseOptions{Suppress: true})
		m.failPut = 0
		if err == nil {
			if n < 20 {
				t.Errorf("an erasure made %d writes, want more: the test has no teeth", n)
			}
			break
		}
		if !errors.Is(err, errCrash) {
			t.Fatalf("write %d: %v", n, err)
		}
		if len(m.rows) != len(before) || len(m.holding("quarkbaum")) < 4 {
			t.Fatalf("a crash at write %d left a part of the erasure", n)
		}
	}
	if got := m.holding("quarkbaum"); len(got) != 0 {
		t.Errorf("after all: %v", got)
	}
}

func TestSuppressionSurvivesAnotherKey(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	w.erase("a/contacts/1")
	old, next := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("n", 32))
	l, err := ledger.Open(m, ledger.Options{Mapper: plain{}, Key: next, Former: [][]byte{old}, Targets: []string{target}, Reach: reach})
	must(t, err)
	w.Ledger = l
	if out := w.fetch(rec("b/leads/9", 5, say{Name: zoe, Email: mail})); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("under a former key: got %+v, want it refused", out.Counts)
	}
	l, err = ledger.Open(m, ledger.Options{Mapper: plain{}, Key: next, Targets: []string{target}, Reach: reach})
	must(t, err)
	w.Ledger = l
	if out := w.fetch(rec("b/leads/9", 6, say{Name: "Z"})); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("after it was met once: got %+v, want it refused under the new key alone", out.Counts)
	}
}

func TestSuppressBeforeAnythingIsKnown(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	if n, err := w.Suppress(t.Context(), mail, "a/contacts/5", "+49 151 23456789", "acme.example"); err != nil || n != 4 {
		t.Fatalf("Suppress: got %d, %v, want 4 entries", n, err)
	}
	for _, r := range []connectors.Record{rec("a/contacts/1", 1, say{Name: zoe, Email: mail}), rec("a/contacts/5", 1, say{Name: "E"}),
		rec("a/companies/1", 1, say{Name: "Acme", Domain: "acme.example"})} {
		if out := w.fetch(r); out.ByRule[ledger.RuleSuppressed] != 1 {
			t.Errorf("%s: got %+v, want it refused", r.Ref, out.Counts)
		}
	}
	if got := m.holding("quarkbaum", zoe); len(got) != 0 {
		t.Errorf("stored: %v", got)
	}
	if _, err := w.Suppress(t.Context(), "just words"); err == nil || strings.Contains(err.Error(), "words") {
		t.Errorf("Suppress of words: got %v, want an error that does not repeat them", err)
	}
	if n, err := w.Unsuppress(t.Context(), mail); n != 1 || err != nil {
		t.Errorf("Unsuppress: got %d, %v, want 1", n, err)
	}
}

// Vendors that make ids of addresses: nothing of them may stay in keys either.
func TestIdsThatAreAddressesGoToo(t *testing.T) {
	m := newMemory()
	w := newWorld(t, m)
	w.fetch(rec("mc/members/"+mail, 1, say{Name: zoe, Email: mail}), rec("mc/members/0bc83cb571cd1c50ba6f3e8a78ef1346", 1, say{Name: zoe, Email: mail}))
	w.fetch(rec("a/deals/1", 1, say{Name: "D", Org: "mc/members/" + mail}))
	w.clean()
	if r, err := w.Remap(t.Context()); err != nil || !r.Done { // notes how far it came
		t.Fatalf("Remap: %+v, %v", r, err)
	}
	w.erase("mc/members/" + mail)
	encoded := base64.StdEncoding.EncodeToString([]byte("mc\x00members\x00@" + mail))
	if got := m.holding(mail, "0bc83cb571cd1c50ba6f3e8a78ef1346", encoded); len(got) != 0 {
		t.Errorf("stored: %v", got)
	}
	for _, id := range []string{mail, "0bc83cb571cd1c50ba6f3e8a78ef1346"} {
		if out := w.fetch(rec("mc/members/"+id, 7, say{Name: "other"})); out.ByRule[ledger.RuleSuppressed] != 1 {
			t.Errorf("%s again: got %+v, want it refused", id, out.Counts)
		}
	}
}

// A call that was under way during the erasure is settled after it.
func TestLateSettlementKeepsNoItemOfAnErasedCustomer(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	id := w.id("a/contacts/1")
	w.erase("a/contacts/1")
	item := connectors.Item{Key: "card/" + id, Project: "Customers", Title: zoe}
	late := ledger.Settlement{Entity: id, Generation: 1, Wrote: []ledger.Link{{Key: item.Key, Link: "gid", Item: &item}}}
	if _, err := w.Settle(t.Context(), target, []ledger.Settlement{late}); err != nil {
		t.Fatal(err)
	}
	if got := m.holding("quarkbaum"); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	if e, err := w.Erasing(t.Context()); err != nil || e.Waiting == 0 {
		t.Errorf("got %+v, %v, want the redaction still to come", e, err)
	}
}
