package ledger_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// wishing opens the world's ledger with the policy that a vendor's deletion for privacy erases the customer.
func (w *world) wishing() {
	w.t.Helper()
	l, err := ledger.Open(w.engine, ledger.Options{Targets: []string{target}, Reach: reach, Mapper: plain{}, EraseOnWish: true,
		Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Ledger = l
}

func TestVendorsDeletionForPrivacyErasesTheCustomer(t *testing.T) {
	m := newMemory()
	w := filled(t, m)
	w.wishing()
	w.fetch(gone("a/contacts/1", 9, connectors.Privacy))
	erased := 0
	for done := false; !done; erased++ {
		var err error
		if done, _, err = w.EraseWished(t.Context()); err != nil || erased > 5 {
			t.Fatalf("EraseWished: %v after %d", err, erased)
		}
	}
	if got := m.holding("quarkbaum", "zofia", "Żofia"); len(got) != 0 || w.id("b/leads/9") != "" {
		t.Errorf("left: %v and %q, want nothing, of the other vendor's record neither", got, w.id("b/leads/9"))
	}
	if out := w.fetch(rec("b/leads/9", 20, say{Name: zoe, Email: mail})); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("the other vendor's record again: got %+v, want it suppressed", out.Counts)
	}
}

func TestWishToEraseWhatIsNotKnownEnds(t *testing.T) {
	w := newWorld(t, newMemory())
	w.wishing()
	w.fetch(gone("a/contacts/1", 9, connectors.Privacy))
	w.fetch(rec("a/contacts/2", 1, say{Name: zoe}))
	w.fetch(gone("a/contacts/2", 9, connectors.Privacy))
	if _, err := w.Erase(t.Context(), "per_TTKAY4FWTR0000000000008000", ledger.EraseOptions{}); err == nil {
		t.Fatal("there is such a customer: the test is wrong")
	}
	for n := 0; ; n++ {
		done, _, err := w.EraseWished(t.Context())
		if err != nil || n > 5 {
			t.Fatalf("EraseWished: %v after %d", err, n)
		}
		if done {
			return
		}
	}
}

// Without the policy the one record is forgotten; its id goes too when it tells who somebody is.
func TestForgottenRecordLeavesNoIdThatTells(t *testing.T) {
	m := newMemory()
	w := newWorldWith(t, m, plain{})
	w.fetch(rec("mc/members/"+mail, 1, say{Name: zoe, Email: mail}), rec("mc/members/7", 1, say{Name: "Ada", Email: "ada@other.example"}))
	w.fetch(gone("mc/members/"+mail, 2, connectors.Privacy))
	if got := m.holding("quarkbaum", "zofia"); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ada", Email: "ada@other.example"}), rec("a/contacts/2", 1, say{Name: zoe, Email: "ada@other.example"}))
	w.fetch(rec("a/contacts/2", 2, say{Name: zoe + " II", Email: "ada@other.example"}))
	w.fetch(gone("a/contacts/2", 3, connectors.Privacy))
	if got := m.holding("quarkbaum", "zofia"); len(got) != 0 {
		t.Errorf("left of one of two records: %v", got)
	}
	if out := w.fetch(rec("mc/members/"+mail, 1, say{Name: zoe, Email: mail})); out.ByRule[ledger.RuleSuppressed] != 1 {
		t.Errorf("the forgotten version: got %+v, want it refused", out.Counts)
	}
	if out := w.fetch(rec("mc/members/"+mail, 3, say{Name: zoe, Email: mail})); out.Applied != 1 || w.id("mc/members/"+mail) == "" {
		t.Errorf("a later version: got %+v, want it applied, as of any forgotten record", out.Counts)
	}
	if n := w.totals().Records["mc/members"]; n != 2 {
		t.Errorf("records: got %d, want 2", n)
	}
}
