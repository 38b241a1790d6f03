package connectortest

import (
	"context"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// Witness is a TargetHarness that can tell everything that is to be read of an object.
type Witness interface {
	// Texts returns every text that the account's users can read of an object: its title, description, values, key and
	// the history that the tool keeps, as far as this tool lets our user delete it.
	Texts(t *testing.T, link connectors.Link) []string
	// Completed reports whether the object is completed.
	Completed(t *testing.T, link connectors.Link) bool
}

var targetErasures = []targetCheck{
	{"RedactLeavesNothing", connectors.Redacts, redactLeavesNothing},
	{"RedactTwice", connectors.Redacts, redactTwice},
	{"RedactWhatIsGone", connectors.Redacts, redactWhatIsGone},
}

func redactor(t *testing.T, h TargetHarness) (connectors.Target, connectors.Redactor, Witness) {
	t.Helper()
	target := openTarget(t, h)
	r, ok := target.(connectors.Redactor)
	w, can := h.(Witness)
	if !ok || !can {
		t.Fatalf("%s declares %q: it opens a connectors.Redactor: %v, the harness is a Witness: %v", h.Connector().Spec.Name,
			connectors.Redacts, ok, can)
	}
	return target, r, w
}

// personalItem is an item that names a customer wherever it can.
func personalItem(h TargetHarness) connectors.Item {
	it := item(h, 1)
	it.Title, it.Notes = "Żofia Quarkbaum", "Żofia Quarkbaum\nzofia@quarkbaum.example"
	for i := range it.Fields {
		if it.Fields[i].Kind == connectors.TextField {
			it.Fields[i].Value = "Żofia Quarkbaum"
		}
	}
	return it
}

// redactLeavesNothing: whoever asks to be forgotten must not be found in the project tool.
func redactLeavesNothing(t *testing.T, h TargetHarness) {
	target, r, w := redactor(t, h)
	it := personalItem(h)
	link := upsert(t, target, connectors.Want{Item: it})
	later := it
	later.Title = "Żofia Quarkbaum, urgent"
	upsert(t, target, connectors.Want{Item: later, Link: link, Last: &it})
	if err := target.Close(context.Background(), link, connectors.Closing{Comment: "Merged into Żofia Quarkbaum."}); err != nil {
		t.Fatalf("close: %v", err)
	}
	if before := strings.Join(w.Texts(t, link), "\n"); !strings.Contains(before, "Quarkbaum") {
		t.Fatalf("before: got %q, want the name in it: the check has no teeth", before)
	}
	if err := r.Redact(context.Background(), link); err != nil {
		t.Fatalf("redact: %v", err)
	}
	texts := w.Texts(t, link)
	for _, text := range texts {
		for _, trace := range []string{"Quarkbaum", "quarkbaum", it.Key, "12500", "Qualified", it.Due} {
			if strings.Contains(text, trace) {
				t.Errorf("after: got %q, want no %q", text, trace)
			}
		}
	}
	if len(texts) == 0 || texts[0] != connectors.ErasedTitle || !w.Completed(t, link) {
		t.Errorf("after: got %q, completed %v, want %q, completed", texts, w.Completed(t, link), connectors.ErasedTitle)
	}
	if tasks := h.Tasks(t, it.Key); len(tasks) != 0 {
		t.Errorf("under the key: got %+v, want nothing: a ledger that is read anew would adopt it", tasks)
	}
}

// redactTwice: like every write it is repeated after a lost answer.
func redactTwice(t *testing.T, h TargetHarness) {
	target, r, w := redactor(t, h)
	link := upsert(t, target, connectors.Want{Item: personalItem(h)})
	for range 2 {
		if err := r.Redact(context.Background(), link); err != nil {
			t.Fatalf("redact: %v", err)
		}
	}
	if !w.Completed(t, link) {
		t.Error("got an open object, want it completed")
	}
}

// redactWhatIsGone: what a person deleted names nobody.
func redactWhatIsGone(t *testing.T, h TargetHarness) {
	target, r, _ := redactor(t, h)
	link := upsert(t, target, connectors.Want{Item: personalItem(h)})
	h.Remove(t, link)
	if err := r.Redact(context.Background(), link); err != nil {
		t.Errorf("redact what is gone: %v", err)
	}
}
