package ledger_test

import (
	"errors"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/envelope"
	"github.com/millrace/millrace/router/ledger"
)

// document returns an entity's document, or the error.
func (w *world) document(id string) (e envelope.Entity, err error) {
	w.t.Helper()
	err = w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err = s.Document(id, func(connection string) string { return map[string]string{"hs": "hubspot"}[connection] })
		return err
	})
	return e, err
}

func TestDocumentOfAnEntity(t *testing.T) {
	w := hubWorld(t)
	w.fetch(rec("hs/contacts/1", 1, say{Name: "Ana", Email: "a@x.example"}))
	w.fetch(rec("zd/contacts/9", 1, say{Name: "Ana"}))
	former := w.id("zd/contacts/9")
	other := w.id("hs/contacts/1")
	w.fetch(rec("zd/contacts/9", 2, say{Name: "Ana", Email: "a@x.example"}))
	id := w.id("hs/contacts/1")
	if id == former {
		former = other
	}
	for _, name := range []string{id, former} {
		e, err := w.document(name)
		if err != nil {
			t.Fatal(err)
		}
		if e.ID != id || len(e.Aliases) != 1 || e.Aliases[0] != former || e.Tenant != "default" || e.Version == 0 || e.Created.IsZero() || e.Schema != "person/1.0" || len(e.Refs) != 2 ||
			e.Refs[0].Source != "hubspot" || e.Refs[0].State != "live" || e.Refs[0].LastSeen.IsZero() || e.Refs[0].Via != "e-mail address" || e.Refs[1].Via != "e-mail address" || e.ETag == "" || e.Tombstone != nil {
			t.Errorf("the document of %s is %+v; want that of %s with the former id %s", name, e, id, former)
		}
	}
	w.fetch(gone("hs/contacts/1", 3, connectors.Archived))
	w.fetch(gone("zd/contacts/9", 3, connectors.Hard))
	if e, err := w.document(id); err != nil || e.Tombstone == nil || e.Tombstone.Kind != canonical.SourceDeleted || string(e.Data) != "{}" {
		t.Errorf("the document of what its sources deleted is %+v, %v; want a tombstone", e, err)
	}
	if _, err := w.Erase(t.Context(), id, ledger.EraseOptions{By: "dpo"}); err != nil {
		t.Fatal(err)
	}
	if e, err := w.document(id); err != nil || e.Tombstone == nil || e.Tombstone.Kind != canonical.Erased || len(e.Refs) != 0 {
		t.Errorf("the document of an erased customer is %+v, %v; want a tombstone and no record", e, err)
	}
	if _, err := w.document("per_00000000000000000000000000"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("the document of nobody: %v; want ErrNotFound", err)
	}
}
