package connectortest

import (
	"context"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// When two customers become one, the object that stays may have been made under the other's key.
var targetKeys = []targetCheck{
	{"KeyMoves", "", keyMoves},
	{"KeyMovesWithoutLast", "", keyMovesWithoutLast},
	{"KeyMovesFromAnother", "", keyMovesFromAnother},
	{"CloseForgetsTheKey", "", closeForgetsTheKey},
}

// found returns the object that the target finds under a key, "" for none.
func found(t *testing.T, target connectors.Target, it connectors.Item, want connectors.Want) connectors.Link {
	t.Helper()
	f, ok := target.(connectors.Finder)
	if !ok {
		t.Skip("the target cannot look for a key")
	}
	link, err := f.Find(context.Background(), connectors.Want{Item: connectors.Item{Key: it.Key}, InDoubt: true, Since: want.Since,
		Sought: []string{it.Project}})
	if err != nil {
		t.Fatalf("find %s: %v", it.Key, err)
	}
	return link
}

// keyMoves: an object that keeps the key of a customer who is no more is made a second time when the ledger is lost, and
// taken for that customer's when the merge is undone.
func keyMoves(t *testing.T, h TargetHarness) {
	target, old, since := openTarget(t, h), item(h, 1), connectors.Want{Since: before(h)}
	link := upsert(t, target, connectors.Want{Item: old})
	for _, it := range []connectors.Item{rekeyed(old, item(h, 2).Key), rekeyed(changed(old), item(h, 3).Key)} {
		upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: link, Last: &old})
		checkShows(t, h, link, it)
		if got := found(t, target, it, since); got != link {
			t.Errorf("under the new key: got %q, want %q", got, link)
		}
		if got := found(t, target, old, since); got != "" {
			t.Errorf("under the old key: got %q, want nothing", got)
		}
		old = it
	}
}

func rekeyed(it connectors.Item, key string) connectors.Item {
	it.Key = key
	return it
}

// keyMovesWithoutLast: likewise when nobody knows what was last written.
func keyMovesWithoutLast(t *testing.T, h TargetHarness) {
	old, since := item(h, 1), connectors.Want{Since: before(h)}
	link := upsert(t, openTarget(t, h), connectors.Want{Item: old})
	it := rekeyed(old, item(h, 2).Key)
	upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: link})
	checkShows(t, h, link, it)
	if got := found(t, openTarget(t, h), old, since); got != "" {
		t.Errorf("under the old key: got %q, want nothing", got)
	}
}

// keyMovesFromAnother: of two objects the older stays, under the key that the younger still carries.
func keyMovesFromAnother(t *testing.T, h TargetHarness) {
	target, older, younger := openTarget(t, h), item(h, 1), item(h, 2)
	stays := upsert(t, target, connectors.Want{Item: older})
	goes := upsert(t, target, connectors.Want{Item: younger})
	it := rekeyed(older, younger.Key)
	upsert(t, target, connectors.Want{Item: it, Link: stays, Last: &older})
	if err := target.Close(context.Background(), goes, connectors.Closing{Comment: "It goes on elsewhere.", Forget: true}); err != nil {
		t.Fatalf("close: %v", err)
	}
	checkShows(t, h, stays, it)
	if n := len(h.Tasks(t, older.Key)); n != 0 {
		t.Errorf("got %d objects with the key of nobody, want none", n)
	}
}

// closeForgetsTheKey: an object that was closed because another goes on must not be found in its stead, and can be opened
// again under a key of its own when the merge is undone.
func closeForgetsTheKey(t *testing.T, h TargetHarness) {
	target, it, since := openTarget(t, h), item(h, 1), connectors.Want{Since: before(h)}
	link := upsert(t, target, connectors.Want{Item: it})
	intact := h.HumanEdits(t, link)
	for range 2 {
		if err := target.Close(context.Background(), link, connectors.Closing{Forget: true}); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if got := found(t, target, it, since); got != "" {
		t.Errorf("under the key: got %q, want nothing", got)
	}
	if err := intact(); err != nil {
		t.Error(err)
	}
	closed := rekeyed(it, "")
	closed.Completed = true
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &closed})
	checkShows(t, h, link, it)
}
