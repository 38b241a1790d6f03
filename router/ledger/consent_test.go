package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

const (
	ann = "ann@corp.example"
	eve = "eve@corp.example"
	out = "email - opted_out"
)

// (a) Of live claims the one that allows least counts, for each channel and topic; a blank topic is every topic.
func TestMostRestrictiveLiveClaimCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		says [3]string // of hs, sf, mc; versions 1, 2, 3
		want string
	}{
		{"the newest allows", [3]string{"email News opted_out", "email News pending", "email News opted_in"}, "email News opted_out"},
		{"the oldest allows", [3]string{"email News opted_in", "email News pending", "email News opted_out"}, "email News opted_out"},
		{"asked is less than agreed", [3]string{"email News opted_in", "email News pending", ""}, "email News pending"},
		{"never is less than asked", [3]string{"email News never", "email News pending", "email News opted_in"}, "email News never"},
		{"each topic by itself", [3]string{"email News opted_out", "email Offers opted_in", ""}, "email News opted_out, email Offers opted_in"},
		{"each channel by itself", [3]string{"phone - opted_out", "email News opted_in", ""}, "email News opted_in, phone opted_out"},
		{"one list in two spellings", [3]string{"email news opted_out", "email News opted_in", ""}, "email news opted_out"},
		{"everything is every topic", [3]string{"email - opted_out", "email News opted_in", "email Offers pending"},
			"email News opted_out, email Offers opted_out, email opted_out"},
		{"everything allowed restricts nothing", [3]string{"email - opted_in", "email News opted_out", ""}, "email News opted_out, email opted_in"},
		{"who says nothing lifts nothing", [3]string{"email - opted_out", "", ""}, "email opted_out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
				w := newWorldWith(t, newMemory(), consenting{})
				for _, i := range order {
					s := word{Name: "Ann Lee", Email: ann}
					if c.says[i] != "" {
						s.Says = []string{c.says[i]}
					}
					w.fetch(spoke([]string{"hs/contacts/1", "sf/Contact/1", "mc/members/1"}[i], i+1, s))
				}
				w.wantConsents(fmt.Sprint("order ", order), "hs/contacts/1", c.want)
			}
			w := newWorldWith(t, newMemory(), consenting{}) // one record that says all of it
			s := word{Email: ann}
			for _, one := range c.says {
				if one != "" {
					s.Says = append(s.Says, one)
				}
			}
			w.fetch(spoke("hs/contacts/1", 1, s))
			w.wantConsents("one record", "hs/contacts/1", c.want)
		})
	}
}

// (b) An opt-out is about an address: after a split it stays with the parts that have it.
func TestOptOutStaysWithTheAddress(t *testing.T) {
	w := newWorldWith(t, newMemory(), consenting{})
	w.fetch(spoke("mc/members/1", 1, word{Name: "Ann Lee", Email: ann, Says: []string{out}}))
	w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
	w.fetch(spoke("sf/Contact/1", 1, word{Name: "Eve Moss", Email: eve}))
	w.wantConsents("one address", "hs/contacts/1", "email opted_out")
	w.wantConsents("another address", "sf/Contact/1", "")
	join := func(same bool, a, b string) {
		t.Helper()
		if _, err := w.Decide(t.Context(), ledger.Decision{A: a, B: b, Same: same}); err != nil {
			t.Fatal(err)
		}
	}
	join(true, "hs/contacts/1", "sf/Contact/1")
	w.wantConsents("joined", "sf/Contact/1", "email opted_out")
	join(false, "hs/contacts/1", "sf/Contact/1")
	join(false, "mc/members/1", "sf/Contact/1")
	join(false, "mc/members/1", "hs/contacts/1")
	if w.id("mc/members/1") == w.id("hs/contacts/1") || w.id("hs/contacts/1") == w.id("sf/Contact/1") {
		t.Fatal("the customers were not told apart: the test has no teeth")
	}
	w.wantConsents("the part that said it", "mc/members/1", "email opted_out")
	w.wantConsents("the part that has the address", "hs/contacts/1", "email opted_out")
	w.wantConsents("the part that has another address", "sf/Contact/1", "")
	w.clean()
	w.fetch(spoke("mc/members/1", 2, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 2"}}))
	w.wantConsents("lifted by who said it", "hs/contacts/1", "")
	marked := func(d ledger.Dirty) bool { return d.Entity == w.id("hs/contacts/1") }
	if !slices.ContainsFunc(w.dirty(), marked) { // invariant 3
		t.Error("a customer that shows another one's word of its address is not marked when that changes")
	}
}

// (c) An opt-out does not go by itself.
func TestOptOutNeverGoesByItself(t *testing.T) {
	says := word{Name: "Ann Lee", Email: ann, Says: []string{out}}
	for _, c := range []struct {
		name string
		do   func(*world)
		want string // of the customer that has the address
	}{
		{"deleted", func(w *world) { w.fetch(gone("mc/members/1", 9, connectors.Hard)) }, "email opted_out"},
		{"archived", func(w *world) { w.fetch(gone("mc/members/1", 9, connectors.Archived)) }, "email opted_out"},
		{"archived with content that says nothing", func(w *world) {
			r := spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann})
			r.Deleted.Kind = connectors.Archived
			w.fetch(r)
		}, "email opted_out"},
		{"blank", func(w *world) { w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann})) }, "email opted_out"},
		{"asked again", func(w *world) {
			w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann, Says: []string{"email - pending"}}))
		}, "email opted_out"},
		{"another address", func(w *world) { w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: eve})) }, "email opted_out"},
		{"filtered", func(w *world) { w.fetch(spoke("mc/members/1", 9, word{Filter: "test accounts"})) }, "email opted_out"},
		{"mapped by rules that read nothing of it", func(w *world) { w.remapped(consenting{"silent"}) }, "email opted_out"},
		{"its account is no longer configured", func(w *world) { w.remapped(consenting{"without mc"}) }, "email opted_out"},
		{"its account is no longer configured, and its list was deleted", func(w *world) {
			w.fetch(gone("mc/members/1", 9, connectors.Hard))
			w.remapped(consenting{"without mc"})
		}, "email opted_out"},
		{"merged into a record that says nothing", func(w *world) {
			w.fetch(spoke("mc/members/2", 9, word{Name: "Ann Lee", Email: eve}))
			r := gone("mc/members/1", 9, connectors.Merged)
			r.Deleted.Into = ref("mc/members/2")
			w.fetch(r)
		}, "email opted_out"},
		{"allowed by another account", func(w *world) {
			w.fetch(gone("mc/members/1", 9, connectors.Hard))
			w.fetch(spoke("hs/contacts/1", 10, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 10"}}))
		}, "email opted_out"},
		{"an old permission shown again", func(w *world) {
			w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 1"}}))
		}, "email opted_out"},
		{"another record's permission without a time", func(w *world) {
			w.fetch(gone("mc/members/1", 9, connectors.Hard))
			w.fetch(spoke("mc/members/2", 10, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in"}}))
		}, "email opted_out"},
		{"another list of the account", func(w *world) {
			w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann, Says: []string{"email News opted_in 9"}}))
		}, "email News opted_out, email opted_out"},
		{"allowed again by the record that said it", func(w *world) {
			w.fetch(spoke("mc/members/1", 9, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in"}}))
		}, "email opted_in"},
		{"subscribed anew under another id", func(w *world) {
			w.fetch(gone("mc/members/1", 9, connectors.Hard))
			w.fetch(spoke("mc/members/2", 10, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 10"}}))
		}, "email opted_in"},
		{"subscribed anew while a live record says no", func(w *world) {
			w.fetch(spoke("mc/members/2", 10, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 10"}}))
		}, "email opted_out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorldWith(t, newMemory(), consenting{})
			w.fetch(spoke("mc/members/1", 2, says))
			w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
			c.do(w)
			w.wantConsents(c.name, "hs/contacts/1", c.want)
			w.fetch(spoke("sf/Contact/7", 1, word{Name: "Ann Lee", Email: ann}))
			w.wantConsents(c.name+", a record that comes later", "sf/Contact/7", c.want)
		})
	}
}

// Somebody may leave and come back without a stamp on the record, as in ActiveCampaign: then the since of each word tells
// which was the later, as far as it does not lie ahead of when it was read.
func TestWordsWithoutAStamp(t *testing.T) {
	says := func(seen int, text string) connectors.Record {
		r := spoke("ac/contacts/1", 1, word{Name: "Ann Lee", Email: ann, Says: []string{text}})
		r.Seen = at(seen)
		return r
	}
	for _, c := range []struct {
		name  string
		words []connectors.Record
		want  string
	}{
		{"back again", []connectors.Record{says(3, "email News opted_out 3"), says(5, "email News opted_in 5")}, "email News opted_in"},
		{"back again, and gone", []connectors.Record{says(3, "email News opted_out 3"), says(5, "email News opted_in 5"), gone("ac/contacts/1", 9, connectors.Hard)}, ""},
		{"left again", []connectors.Record{says(3, "email News opted_in 3"), says(5, "email News opted_out 5"), gone("ac/contacts/1", 9, connectors.Hard)}, "email News opted_out"},
		{"left after coming back", []connectors.Record{says(3, "email News opted_out 2"), says(5, "email News opted_in 4"), says(7, "email News opted_out 6"),
			gone("ac/contacts/1", 9, connectors.Hard)}, "email News opted_out"},
		{"an old permission shown again", []connectors.Record{says(3, "email News opted_out 3"), says(5, "email News opted_in 2")}, "email News opted_out"},
		{"a permission from ahead", []connectors.Record{says(3, "email News opted_in 90"), says(5, "email News opted_out 5"), gone("ac/contacts/1", 9, connectors.Hard)}, "email News opted_out"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorldWith(t, newMemory(), consenting{})
			w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
			for _, r := range c.words {
				w.fetch(r)
			}
			w.wantConsents(c.name, "hs/contacts/1", c.want)
		})
	}
}

// A person decides, about the addresses that the customer has.
func TestPersonDecidesAboutConsent(t *testing.T) {
	w := newWorldWith(t, newMemory(), consenting{})
	set := func(record, value string) { w.set(record, "consents", value) }
	const in, no = `[{"channel":"email","status":"opted_in"}]`, `[{"channel":"email","status":"opted_out"}]`
	w.fetch(spoke("mc/members/1", 1, word{Name: "Ann Lee", Email: ann, Says: []string{out}}))
	w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
	set("hs/contacts/1", in)
	w.wantConsents("a live record says no", "hs/contacts/1", "email opted_out")
	w.fetch(gone("mc/members/1", 2, connectors.Hard))
	set("hs/contacts/1", in)
	w.wantConsents("the record is gone and a person allowed it", "hs/contacts/1", "email opted_in")
	w.fetch(spoke("mc/members/1", int(w.now.Sub(epoch).Seconds())+60, word{Name: "Ann Lee", Email: ann, Says: []string{out}}))
	w.wantConsents("said again, later", "hs/contacts/1", "email opted_out")
	set("hs/contacts/1", "null")
	w.wantConsents("the permission is taken back", "hs/contacts/1", "email opted_out")

	w = newWorldWith(t, newMemory(), consenting{})
	w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
	w.fetch(spoke("sf/Contact/1", 1, word{Name: "Ann Lee", Email: ann}))
	set("hs/contacts/1", no)
	if _, err := w.Decide(t.Context(), ledger.Decision{A: "hs/contacts/1", B: "sf/Contact/1"}); err != nil {
		t.Fatal(err)
	}
	w.wantConsents("split", "hs/contacts/1", "email opted_out")
	w.wantConsents("split", "sf/Contact/1", "email opted_out")
	for _, record := range []string{"hs/contacts/1", "sf/Contact/1"} {
		set(record, "null")
	}
	w.wantConsents("taken back", "hs/contacts/1", "")
	w.wantConsents("taken back", "sf/Contact/1", "")
}

// (d) Of who is erased or forgotten the opt-out is kept under the keyed hash of the address alone.
func TestOptOutOfErasedCustomerIsKeptWithoutTraces(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*world)
	}{
		{"erased", func(w *world) {
			if _, err := w.Erase(t.Context(), w.id("mc/members/1"), ledger.EraseOptions{By: "ops"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"forgotten", func(w *world) { w.fetch(gone("mc/members/1", 3, connectors.Privacy)) }},
		{"erased after it moved", func(w *world) {
			w.fetch(spoke("mc/members/1", 3, word{Name: zoe, Email: eve}))
			if _, err := w.Erase(t.Context(), w.id("mc/members/1"), ledger.EraseOptions{By: "ops"}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemory()
			w := newWorldWith(t, m, consenting{})
			w.fetch(spoke("mc/members/1", 1, word{Name: zoe, Email: mail, Says: []string{out}}))
			w.fetch(spoke("mc/consents/8", 1, word{Person: "mc/members/1", Says: []string{"email News opted_out"}}))
			c.do(w)
			if got := m.holding("quarkbaum", "zofia"); len(got) != 0 {
				t.Errorf("left:\n%s", strings.Join(got, "\n"))
			}
			w.fetch(spoke("hs/contacts/5", 50, word{Name: "Z. Q.", Email: mail}))
			if got := w.consents("hs/contacts/5"); !strings.Contains(got, "email opted_out") {
				t.Errorf("the address comes back with %q, want it opted out", got)
			}
			w.fetch(spoke("mc/members/9", 60, word{Name: "Z. Q.", Email: mail, Says: []string{"email - opted_in 60"}}))
			if got := w.consents("hs/contacts/5"); !strings.Contains(got, "email opted_in") {
				t.Errorf("subscribed anew at the same account: got %q, want it opted in", got)
			}
		})
	}
}

// A suppressed customer's word is not taken again.
func TestSuppressedCustomerBringsNoConsentBack(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, consenting{})
	says := word{Name: zoe, Email: mail, Says: []string{out}}
	w.fetch(spoke("mc/members/1", 1, says))
	w.erase("mc/members/1")
	w.fetch(spoke("hs/contacts/5", 50, says), spoke("hs/contacts/6", 50, says))
	if got := m.holding("quarkbaum", "zofia"); len(got) != 0 {
		t.Errorf("left:\n%s", strings.Join(got, "\n"))
	}
}

// Records of consent are shown on the person they name, and go where it goes.
func TestRecordsOfConsent(t *testing.T) {
	person := spoke("ac/contacts/1", 1, word{Name: "Ann Lee", Email: ann})
	news := spoke("ac/consents/1", 2, word{Person: "ac/contacts/1", Says: []string{"email News opted_in 2"}})
	left := spoke("ac/consents/1", 3, word{Person: "ac/contacts/1", Says: []string{"email News opted_out 3"}})
	for _, order := range [][]connectors.Record{{person, news}, {news, person}} {
		w := newWorldWith(t, newMemory(), consenting{})
		for _, r := range order {
			w.fetch(r)
		}
		w.wantConsents("by reference", "ac/contacts/1", "email News opted_in")
		w.clean()
		w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
		w.clean()
		w.fetch(left)
		w.wantConsents("it left", "hs/contacts/1", "email News opted_out")
		if len(w.dirty()) == 0 { // invariant 3
			t.Error("the person of a record of consent is not marked when that changes")
		}
		if _, err := w.Decide(t.Context(), ledger.Decision{A: "ac/contacts/1", B: "hs/contacts/1"}); err != nil {
			t.Fatal(err)
		}
		w.wantConsents("told apart, with the person", "ac/contacts/1", "email News opted_out")
		w.wantConsents("told apart, with the address", "hs/contacts/1", "email News opted_out")
		w.fetch(gone("ac/consents/1", 4, connectors.Hard), gone("ac/contacts/1", 4, connectors.Hard))
		w.wantConsents("both are gone", "hs/contacts/1", "email News opted_out")
	}
	w := newWorldWith(t, newMemory(), consenting{})
	w.fetch(person)
	w.fetch(spoke("ac/consents/2", 2, word{Email: ann, Says: []string{"email News pending"}}))
	w.wantConsents("by address", "ac/contacts/1", "email News pending")
	w.fetch(gone("ac/consents/2", 3, connectors.Hard))
	w.wantConsents("what was only waited for is gone", "ac/contacts/1", "")
}

// As long as a live record says no about an address, nothing of its account lifts that for others who have the address.
func TestLiveOptOutIsNotLiftedForOthers(t *testing.T) {
	w := newWorldWith(t, newMemory(), consenting{})
	w.fetch(spoke("mc/members/1", 1, word{Name: "Ann Lee", Email: ann, Says: []string{out}}))
	w.fetch(spoke("mc/members/2", 5, word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 5"}}))
	if _, err := w.Decide(t.Context(), ledger.Decision{A: "mc/members/1", B: "mc/members/2"}); err != nil {
		t.Fatal(err)
	}
	if w.id("mc/members/1") == w.id("mc/members/2") {
		t.Fatal("the customers were not told apart: the test has no teeth")
	}
	w.wantConsents("told apart", "mc/members/2", "email opted_out")
	w.fetch(spoke("mc/members/1", 6, word{Name: "Ann Lee", Email: eve, Says: []string{out}}))
	w.wantConsents("the other one left the address", "mc/members/2", "email opted_in")
}

// What is said again with a later version was said then: a permission from between the two lifts nothing.
func TestOptOutSaidAgainIsLater(t *testing.T) {
	says := word{Name: "Ann Lee", Email: ann, Says: []string{out}}
	allows := word{Name: "Ann Lee", Email: ann, Says: []string{"email - opted_in 3"}}
	for name, order := range map[string][]connectors.Record{
		"as it happened":       {spoke("mc/members/1", 2, says), spoke("mc/members/1", 3, allows), spoke("mc/members/1", 4, says)},
		"the permission late":  {spoke("mc/members/1", 2, says), spoke("mc/members/1", 4, says), spoke("mc/members/1", 3, allows)},
		"the repetition first": {spoke("mc/members/1", 4, says), spoke("mc/members/1", 3, allows), spoke("mc/members/1", 2, says)},
	} {
		w := newWorldWith(t, newMemory(), consenting{})
		w.fetch(spoke("hs/contacts/1", 1, word{Name: "Ann Lee", Email: ann}))
		for _, r := range order {
			w.fetch(r)
		}
		w.fetch(gone("mc/members/1", 9, connectors.Hard))
		w.wantConsents(name, "hs/contacts/1", "email opted_out")
	}
}
