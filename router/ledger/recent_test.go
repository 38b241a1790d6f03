package ledger_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
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
}
