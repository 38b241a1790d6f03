package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

// recent lists the subjects of what happened to the entity of a record, newest first.
func (w *world) recent(id string, most int) string {
	w.t.Helper()
	var subjects []string
	if err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		subjects = nil
		e, err := s.Resolve(id)
		if err != nil || e == nil {
			return err
		}
		list, err := s.Recent(e, most, func(*work.Entity) bool { return true })
		for _, one := range list {
			subjects = append(subjects, gjson.ParseBytes(one.Golden.Get("subject")).Str)
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(subjects, " ")
}

// A mail is with everybody who has an address of it, beside those it refers to: with both when they are joined, with each its
// own when they are separated, also when the address moves from one to the other.
func TestMailsMoveWithAddresses(t *testing.T) {
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	w.fetch(version("m/messages/1", 1, `{"occurred_at":"2026-11-01T10:00:00Z","subject":"m1","participants":[{"role":"from","address":"Ana@x.example"}]}`))
	w.fetch(version("a/contacts/1", 1, `{"emails":[{"address":"ana@x.example"}],"name.full":"Ana","organization":"a/companies/1"}`), version("a/companies/1", 1, `{"name":"X"}`))
	w.fetch(version("b/contacts/2", 1, `{"emails":[{"address":"an@y.example"}],"name.full":"Ana N."}`))
	w.fetch(version("m/messages/2", 1, `{"occurred_at":"2026-11-03T10:00:00Z","subject":"m2","participants":[{"role":"to","address":"an@y.example"}],"message_id":"2@y"}`),
		version("m/messages/3", 1, `{"occurred_at":"2026-11-03T10:00:01Z","subject":"m3","participants":[{"role":"cc","address":"an@y.example"}],"message_id":"2@y"}`))
	w.fetch(version("a/calls/4", 1, `{"contacts":["a/contacts/1"],"occurred_at":"2026-11-02T10:00:00Z","subject":"c4"}`))
	check := func(when, id, want string) {
		t.Helper()
		if got := w.recent(id, 10); got != want {
			t.Errorf("%s: to %s happened %q, want %q", when, id, got, want)
		}
	}
	check("apart", "a/contacts/1", "c4 m1")
	check("apart", "a/companies/1", "c4 m1")
	check("apart, of one mail in two records the newest", "b/contacts/2", "m3")
	for _, same := range []bool{true, false} {
		if _, err := w.Decide(t.Context(), ledger.Decision{A: "a/contacts/1", B: "b/contacts/2", Same: same}); err != nil {
			t.Fatal(err)
		}
		if same {
			check("joined", "b/contacts/2", "m3 c4 m1")
			check("joined", "a/companies/1", "m3 c4 m1")
			if got := w.recent("a/contacts/1", 2); got != "m3 c4" {
				t.Errorf("the two newest are %q", got)
			}
		} else {
			check("separated", "a/contacts/1", "c4 m1")
			check("separated", "b/contacts/2", "m3")
		}
	}
	w.fetch(version("b/contacts/2", 2, `{"emails":[{"address":"ana@x.example"}],"name.full":"Ana N."}`))
	w.fetch(version("a/contacts/1", 2, `{"emails":[{"address":"an@y.example"}],"name.full":"Ana"}`))
	check("changed addresses", "a/contacts/1", "m3 c4")
	check("changed addresses", "b/contacts/2", "m1")
	check("nobody left", "a/companies/1", "")
	w.fetch(gone("m/messages/3", 2, connectors.Hard))
	check("one record of the mail is deleted", "a/contacts/1", "m2 c4")
	w.fetch(version("a/calls/5", 1, `{"contacts":["a/contacts/9"],"occurred_at":"2026-11-05T10:00:00Z","subject":"c5"}`))
	merged := gone("a/contacts/9", 2, connectors.Merged) // before anybody read it
	merged.Deleted.Into = ref("a/contacts/1")
	w.fetch(merged)
	check("with a record that the vendor merged", "a/contacts/1", "c5 m2 c4")
}

// An organization has the mails of its people, of everybody else at its domains, and to addresses that are nobody's: those
// of its own people who left are not among them, nor is all of free mail.
func TestMailsOfAnOrganization(t *testing.T) {
	w := newWorldWith(t, newMemory(), fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/companies/1", 1, `{"domains":["acme.example","gmail.com"],"emails":[{"address":"acme@outlook.com"}],"name":"Acme"}`),
		version("a/contacts/1", 1, `{"emails":[{"address":"ana@private.example"}],"name.full":"Ana","organization":"a/companies/1"}`),
		version("a/contacts/2", 1, `{"emails":[{"address":"bo@private.example"}],"name.full":"Bo","organization":"a/companies/2"}`),
		version("a/contacts/3", 1, `{"emails":[{"address":"info@acme.example"},{"address":"all@acme.example","shared":true}],"name.full":"Cy"}`))
	for n, from := range []string{"ana@private.example", "bo@private.example", "somebody@sub.acme.example", "info@acme.example", "x@gmail.com", "acme@outlook.com", "all@acme.example"} {
		w.fetch(version(fmt.Sprint("m/messages/", n), 1, fmt.Sprintf(`{"occurred_at":"2026-11-01T10:00:0%dZ","subject":"%d","direction":"inbound",
			"participants":[{"role":"from","address":%q},{"role":"to","address":"sales@ours.example"}]}`, n, n, from)))
	}
	for id, want := range map[string]string{"a/companies/1": "6 5 3 2 0", "a/contacts/1": "0", "a/contacts/2": "1", "a/contacts/3": "6 3"} {
		if got := w.recent(id, 10); got != want {
			t.Errorf("to %s happened %q, want %q", id, got, want)
		}
	}
}

// What we wrote leads to whom we wrote, not to us: a contact with our own address has no part in it.
func TestWeAreNobodysCorrespondents(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/contacts/1", 1, `{"emails":[{"address":"sales@ours.example"}],"name.full":"We"}`))
	w.fetch(version("m/messages/1", 1, `{"direction":"outbound","occurred_at":"2026-11-01T10:00:00Z","subject":"1",
		"participants":[{"role":"from","address":"sales@ours.example"},{"role":"to","address":"ana@x.example"}]}`))
	if got := w.recent("a/contacts/1", 10); got != "" {
		t.Errorf("to us happened %q", got)
	}
	if n := len(m.dump("trail")); n != 2 {
		t.Errorf("a mail to one customer has %d trails, want those of the address and its domain", n)
	}
}

// counting is an engine that counts what is read of it.
type counting struct {
	kv.Engine
	rows int
}

func (c *counting) View(ctx context.Context, fn func(kv.Reader) error) error {
	return c.Engine.View(ctx, func(r kv.Reader) error { return fn(countingReader{r, c}) })
}

type countingReader struct {
	kv.Reader
	c *counting
}

func (r countingReader) Get(b kv.Bucket, key []byte) []byte {
	r.c.rows++
	return r.Reader.Get(b, key)
}

func (r countingReader) Scan(b kv.Bucket, prefix, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range r.Reader.Scan(b, prefix, from) {
			if r.c.rows++; !yield(k, v) {
				return
			}
		}
	}
}

// The ten newest of very many mails cost what the ten newest of twenty cost, of a person and of an organization.
func TestRecentReadsWhatItReturns(t *testing.T) {
	read := func(mails int, of string) int {
		c := &counting{Engine: newMemory()}
		w := newWorldWith(t, c, fieldsAsTheyAre{version: "1"})
		w.fetch(version("a/companies/1", 1, `{"domains":["x.example"],"name":"X"}`), version("a/contacts/1", 1,
			`{"emails":[{"address":"ana@x.example"}],"name.full":"Ana","organization":"a/companies/1"}`))
		var page []connectors.Record
		for n := range mails {
			page = append(page, version(fmt.Sprint("m/messages/", n), 1, fmt.Sprintf(`{"occurred_at":%q,"subject":"%d",
				"participants":[{"role":"from","address":"ana@x.example"}]}`, at(n).Format(time.RFC3339), n)))
		}
		w.fetch(page...)
		c.rows = 0
		if got, want := w.recent(of, 3), fmt.Sprint(mails-1, " ", mails-2, " ", mails-3); got != want {
			t.Fatalf("the newest of %d are %q, want %q", mails, got, want)
		}
		return c.rows
	}
	for _, of := range []string{"a/contacts/1", "a/companies/1"} {
		if few, many := read(20, of), read(2000, of); many > few+10 {
			t.Errorf("%s: the newest of 2000 mails cost %d reads, of 20 %d", of, many, few)
		}
	}
}

// In the ledger of an earlier version, which has no trails, Remap lays them, also of what an erasure left of an interaction,
// and marks whom they lead to.
func TestTrailsOfAnEarlierVersion(t *testing.T) {
	m := newMemory()
	w := newWorldUnder(t, m, plain{"1"}, identity.NewResolver(identity.Settings{}), cards)
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@acme.example,info@acme.example"}), rec("a/contacts/2", 1, say{Name: "Gone", Email: "gone@corp.example"}),
		rec("a/messages/1", 1, say{Name: "1", Took: "info@acme.example", At: "2026-11-01T10:00:00Z"}), rec("a/messages/2", 1, say{Name: "2", With: "a/contacts/1", At: "2026-11-02T10:00:00Z"}),
		rec("a/messages/3", 1, say{Name: "3", Took: "gone@corp.example", At: "2026-11-03T10:00:00Z"}), rec("a/deals/1", 1, say{Name: "D"}))
	if _, err := w.Erase(t.Context(), w.id("a/contacts/2"), ledger.EraseOptions{}); err != nil {
		t.Fatal(err)
	}
	want := m.dump("trail", "key")
	if happened := w.recent("a/deals/1", 9); len(strings.Fields(happened)) != 2 || len(want) < 8 {
		t.Fatalf("about the deal happened %q, with the trails %q", happened, want)
	}
	ledger.Downgrade(w.Ledger, m)
	if len(m.dump("trail")) != 0 || w.recent("a/contacts/1", 9) != "" {
		t.Fatal("the ledger of an earlier version has trails")
	}
	w.clean()
	w = newWorldUnder(t, m, plain{"1"}, w.resolver, cards)
	for done := false; !done; {
		out, err := w.Remap(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done = out.Done
	}
	equalLines(t, "trails", m.dump("trail", "key"), want)
	if got := w.recent("a/contacts/1", 9); got != "2 1" {
		t.Errorf("to the contact happened %q, want both", got)
	}
	if marks := w.marked("per_"); len(marks) != 1 {
		t.Errorf("%q are marked, want the contact", marks)
	}
}

// A crash at any write of a page of mails leaves all of it or nothing, trails and marks included.
func TestCrashAmongMails(t *testing.T) { // invariant 1
	for n := 1; ; n++ {
		m := newMemory()
		w := newWorldUnder(t, m, plain{"1"}, identity.NewResolver(identity.Settings{}), cards)
		w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@acme.example"}), rec("a/messages/1", 1, say{Name: "1", Took: "ann@acme.example"}))
		w.clean()
		old := m.rows
		next := pollBatch("", "p1", rec("a/messages/1", 2, say{Name: "1", Took: "bob@acme.example"}), rec("a/messages/2", 2, say{Name: "2", Took: "ann@acme.example"}))
		m.failPut = n
		_, err := w.Apply(t.Context(), next)
		if err == nil {
			if n < 15 {
				t.Fatalf("a page of two mails made only %d writes", n)
			}
			return
		}
		if !errors.Is(err, errCrash) || !maps.Equal(m.rows, old) {
			t.Fatalf("crash at write %d: %v, and something was left behind", n, err)
		}
		m.failPut = 0
		if _, err := w.Apply(t.Context(), next); err != nil {
			t.Fatal(err)
		}
		if got := w.recent("a/contacts/1", 9); got != "2" || len(w.marked("per_")) != 1 {
			t.Fatalf("after the crash at write %d: %q happened and %q are marked", n, got, w.marked("per_"))
		}
	}
}

// Of somebody whose mails name nothing but an address no byte is left: neither the trails, nor who wrote, nor what about. That
// there was a mail, when, and about which deal, stays.
func TestErasedCorrespondentLeavesNoTrace(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, fieldsAsTheyAre{version: "1"})
	w.fetch(version("a/contacts/1", 1, `{"emails":[{"address":"zofia.q@quarkbaum.example"}],"name.full":"Żofia Quarkbaum"}`), version("a/contacts/2", 1,
		`{"emails":[{"address":"ada@other.example"}],"name.full":"Ada Other"}`), version("a/deals/1", 1, `{"name":"D"}`))
	w.fetch(version("m/messages/1", 1, `{"automated":false,"body":"A very private matter","deals":["a/deals/1"],"kind":"email","message_id":"77.abc@mx.quarkbaum.example",
		"occurred_at":"2026-11-01T10:00:00Z","participants":[{"role":"from","address":"Zofia.Q@Quarkbaum.example","name":"Z."},{"role":"cc","address":"ada@other.example"}],
		"snippet":"A very private","subject":"Private matters"}`), version("m/messages/2", 1, `{"kind":"email","occurred_at":"2026-11-02T10:00:00Z",
		"participants":[{"role":"to","address":"ada@other.example"}],"subject":"Nothing of hers"}`))
	if got := m.holding("quarkbaum", "zofia", "Quarkbaum"); len(got) < 6 || w.recent("a/contacts/1", 9) != "Private matters" {
		t.Fatalf("before the erasure %q hold her: the test has no teeth", got)
	}
	done := w.erase("a/contacts/1")
	if got := m.holding("quarkbaum", "Quarkbaum", "zofia", "Zofia", "Żofia", "private", "Private"); len(got) != 0 {
		t.Errorf("after the erasure:\n%q", got)
	}
	if len(done.Named) != 1 || done.Named[0] != "m/messages/1" {
		t.Errorf("the report names %v, want the mail", done.Named)
	}
	equalLines(t, "mails", slices.DeleteFunc(w.entities(), func(e string) bool { return !strings.HasPrefix(e, "interaction") }), []string{
		`interaction [m/messages/1] automated=false deals=["a/deals/1"] kind="email" occurred_at="2026-11-01T10:00:00Z" participants=[{"name":"erased"}]`,
		`interaction [m/messages/2] kind="email" occurred_at="2026-11-02T10:00:00Z" participants=[{"role":"to","address":"ada@other.example"}] subject="Nothing of hers"`})
	if got := w.recent("a/deals/1", 9); got != "" || w.recent("a/contacts/2", 9) != "Nothing of hers" {
		t.Errorf("about the deal happened %q, to the other %q", got, w.recent("a/contacts/2", 9))
	}
}
