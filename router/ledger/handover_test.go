package ledger_test

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// show settles an item of an entity as made.
func (w *world) show(entity string, link connectors.Link) {
	w.t.Helper()
	item := connectors.Item{Key: "card/" + entity, Title: string(link)}
	w.settle(ledger.Settlement{Entity: entity, Wrote: []ledger.Link{{Key: item.Key, Link: link, Item: &item}}})
	w.now = w.now.Add(1)
}

// twoPeople are two people of one account with a shown card each; the one that stays in a merge is shown last.
func twoPeople(t *testing.T) (w *world, stays, goes string) {
	w = newWorld(t, newMemory())
	w.fetch(rec("a/contacts/1", 1, say{Name: "Ann", Email: "ann@one.example"}), rec("a/contacts/2", 1, say{Name: "Ann", Email: "ann@two.example"}))
	stays, goes = w.id("a/contacts/1"), w.id("a/contacts/2")
	w.show(goes, "old")
	w.show(stays, "new")
	w.clean()
	return w, stays, goes
}

func (w *world) linkOf(entity string) (links []connectors.Link, carries []string) {
	w.t.Helper()
	for _, k := range w.links(entity) {
		links, carries = append(links, k.Link), append(carries, k.Carries...)
	}
	return links, carries
}

func TestMergeExchangesLinks(t *testing.T) {
	w, stays, goes := twoPeople(t)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Ann", Email: "ann@one.example"}))
	links, carries := w.linkOf(stays)
	if !slices.Equal(links, []connectors.Link{"old"}) || !slices.Equal(carries, []string{"card/" + goes}) {
		t.Errorf("the one that stays has %v carrying %v, want the older object with the other's key", links, carries)
	}
	links, carries = w.linkOf(goes)
	if !slices.Equal(links, []connectors.Link{"new"}) || !slices.Equal(carries, []string{"card/" + stays}) {
		t.Errorf("the one that goes has %v carrying %v, want the younger object with the other's key", links, carries)
	}
	if n, err := w.OpenLinks(t.Context(), target); err != nil || n != 2 {
		t.Errorf("OpenLinks: got %d, %v, want 2", n, err)
	}
	var marked []string
	for _, m := range w.dirty() {
		marked = append(marked, m.Entity)
	}
	if !slices.Contains(marked, stays) || !slices.Contains(marked, goes) {
		t.Errorf("marked are %v, want both", marked)
	}
}

// A plan that was made before a merge must not be carried out after it.
func TestStalePlanIsNotAnnounced(t *testing.T) {
	w, stays, goes := twoPeople(t)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Eve", Email: "ann@two.example"}))
	planned := w.dirty()[0]
	w.fetch(rec("a/contacts/2", 3, say{Name: "Eve", Email: "ann@one.example"}))
	stale, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: goes, Key: "card/" + goes, Generation: planned.Generation},
		{Entity: stays, Key: "card/" + stays}})
	if err != nil || !slices.Equal(stale, []string{goes}) {
		t.Fatalf("Intend: got stale %v, %v, want %s", stale, err, goes)
	}
	if k := w.links(goes)[0]; k.InDoubt {
		t.Error("what is stale was announced all the same")
	}
}

// A merge waits for a call and takes place when it is settled.
func TestMergeWaitsForTheSettlement(t *testing.T) {
	w, stays, goes := twoPeople(t)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Eve", Email: "ann@two.example"}))
	if _, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: goes, Key: "card/" + goes}}); err != nil {
		t.Fatal(err)
	}
	w.fetch(rec("a/contacts/2", 3, say{Name: "Eve", Email: "ann@one.example"}))
	for _, id := range []string{stays, goes} {
		if !w.waits(id) {
			t.Errorf("%s does not wait", id)
		}
	}
	item := connectors.Item{Key: "card/" + goes, Title: "Eve"}
	done := w.settle(ledger.Settlement{Entity: goes, Wrote: []ledger.Link{{Key: item.Key, Link: "old", Item: &item}}})
	if links, _ := w.linkOf(stays); done.Moved != 1 || !slices.Equal(links, []connectors.Link{"old"}) || w.waits(stays) || w.waits(goes) {
		t.Errorf("settled as %+v, the one that stays has %v; want the older object, and no more waiting", done, links)
	}
}

func (w *world) waits(id string) (waits bool) {
	w.t.Helper()
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) (err error) {
		waits, err = s.Waits(target, id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return waits
}

// A separated customer must not be shown while the other's object still carries its key.
func TestKeyIsFreeWhenTheObjectIsWritten(t *testing.T) {
	w, stays, goes := twoPeople(t)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Ann", Email: "ann@one.example"}))
	w.fetch(rec("a/contacts/2", 3, say{Name: "Ann", Email: "ann@two.example"}))
	w.clean()
	if !w.carried("card/" + goes) {
		t.Fatal("the key is free although the object that carries it was not written")
	}
	item := connectors.Item{Key: "card/" + stays}
	w.settle(ledger.Settlement{Entity: stays, Wrote: []ledger.Link{{Key: item.Key, Link: "old", Item: &item}}})
	if marked := w.dirty(); w.carried("card/"+goes) || len(marked) != 1 || marked[0].Entity != goes {
		t.Errorf("carried %t, marked %+v; want it free and %s marked", w.carried("card/"+goes), marked, goes)
	}
}

func (w *world) carried(key string) (carried bool) {
	w.t.Helper()
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) (err error) {
		carried, err = s.Carried(target, key)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return carried
}

// After a rename whose answer was lost the object carries the old key or the new one.
func TestDoubtAboutARenameIsKept(t *testing.T) {
	w, stays, goes := twoPeople(t)
	w.fetch(rec("a/contacts/2", 2, say{Name: "Ann", Email: "ann@one.example"}))
	if _, err := w.Intend(t.Context(), target, []ledger.Intent{{Entity: stays, Key: "card/" + stays}}); err != nil {
		t.Fatal(err)
	}
	w.settle(ledger.Settlement{Entity: stays, Quiet: true})
	k := w.links(stays)[0]
	if want := []string{"card/" + goes, "card/" + stays}; k.InDoubt || k.Item != nil || !slices.Equal(k.Carries, want) || !w.carried("card/"+goes) {
		t.Errorf("got %+v, want an object in no doubt of which only the keys %v are known", k, want)
	}
}
