package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

var targetBatches = []targetCheck{
	{"BatchIsInOrder", connectors.Batches, batchIsInOrder},
	{"BatchFailsItemByItem", connectors.Batches, batchFailsItemByItem},
	{"BatchLostAnswerIsOneEach", connectors.Batches, batchLostAnswerIsOneEach},
	{"BatchErrorKinds", connectors.Batches, batchErrorKinds},
	{"ListFindsAll", connectors.Lists, listFindsAll},
	{"ListOfNoProjectIsEmpty", connectors.Lists, listOfNoProjectIsEmpty},
	{"ListErrorIsNoEnd", connectors.Lists, listErrorIsNoEnd},
}

// batch opens a Batcher and makes one item, so that names are known and the batch is the only write.
func batch(t *testing.T, h TargetHarness) connectors.Batcher {
	t.Helper()
	target := openTarget(t, h)
	b, ok := target.(connectors.Batcher)
	if !ok {
		t.Fatalf("%s declares %q and opens no connectors.Batcher", h.Connector().Spec.Name, connectors.Batches)
	}
	if b.MaxBatch() < 1 {
		t.Fatalf("MaxBatch: got %d, want at least 1", b.MaxBatch())
	}
	upsert(t, target, connectors.Want{Item: item(h, 999)})
	return b
}

func wantsOf(list []connectors.Item) []connectors.Want {
	wants := make([]connectors.Want, len(list))
	for i, it := range list {
		wants[i].Item = it
	}
	return wants
}

// upsertAll writes one full batch and fails the test when a part of it fails.
func upsertAll(t *testing.T, b connectors.Batcher, wants []connectors.Want) []connectors.Link {
	t.Helper()
	results := b.UpsertBatch(context.Background(), wants)
	if len(results) != len(wants) {
		t.Fatalf("got %d results for %d items", len(results), len(wants))
	}
	links := make([]connectors.Link, len(wants))
	for i, r := range results {
		if r.Err != nil || r.Link == "" {
			t.Fatalf("item %d: got link %q and error %v", i, r.Link, r.Err)
		}
		links[i] = r.Link
	}
	return links
}

// batchIsInOrder: results in another order tie every task to the wrong deal.
func batchIsInOrder(t *testing.T, h TargetHarness) {
	b := batch(t, h)
	list := items(h, b.MaxBatch())
	for i, link := range upsertAll(t, b, wantsOf(list)) {
		checkShows(t, h, link, list[i])
	}
}

// batchFailsItemByItem: one item that fails must neither stop nor hide the others.
func batchFailsItemByItem(t *testing.T, h TargetHarness) {
	b := batch(t, h)
	if b.MaxBatch() < 3 {
		t.Skip("a batch of less than three items")
	}
	list := items(h, 2)
	wants := wantsOf(list)
	links := upsertAll(t, b, wants)
	h.Remove(t, links[0])
	for i := range wants {
		last := list[i]
		list[i] = changed(last)
		wants[i] = connectors.Want{Item: list[i], Link: links[i], Last: &last}
	}
	fresh := item(h, 7)
	results := b.UpsertBatch(context.Background(), append(wants, connectors.Want{Item: fresh}))
	if len(results) != 3 {
		t.Fatalf("got %d results for 3 items", len(results))
	}
	wantKind(t, "the deleted item", results[0].Err, connectors.NotFound)
	if results[1].Err != nil || results[2].Err != nil {
		t.Fatalf("the other items: %v, %v", results[1].Err, results[2].Err)
	}
	checkShows(t, h, links[1], list[1])
	checkShows(t, h, results[2].Link, fresh)
}

// batchLostAnswerIsOneEach: a lost answer leaves all items of the batch in doubt, not only one.
func batchLostAnswerIsOneEach(t *testing.T, h TargetHarness) {
	b := batch(t, h)
	list, since := items(h, b.MaxBatch()), before(h)
	wants := wantsOf(list)
	addFault(t, h, sandbox.Fault{Match: h.Creates(), Kind: sandbox.Lost})
	for i, r := range b.UpsertBatch(context.Background(), wants) {
		if r.Err == nil {
			t.Errorf("item %d: got no error although the answer was lost", i)
		}
		wantKind(t, "a lost answer", r.Err, connectors.Temporary)
	}
	h.Plan().Clear()
	for i := range wants {
		wants[i] = inDoubt(h, list[i], since)
	}
	for i, link := range upsertAll(t, b, wants) {
		checkShows(t, h, link, list[i])
	}
}

// batchErrorKinds: what is true of one item is true of a batch of them.
func batchErrorKinds(t *testing.T, h TargetHarness) {
	b := batch(t, h)
	n := 0
	checkErrorKinds(t, h, h.Creates(), func() error {
		n++
		var first error
		for _, r := range b.UpsertBatch(context.Background(), wantsOf([]connectors.Item{item(h, 100+n), item(h, 200+n)})) {
			if r.Err == nil {
				return nil
			}
			first = r.Err
		}
		return first
	})
}

// listAll reads a project to its end.
func listAll(t *testing.T, l connectors.Lister, project string, since time.Time) map[string]connectors.Link {
	t.Helper()
	found := map[string]connectors.Link{}
	var at connectors.Cursor
	for range 1000 {
		shown, next, err := l.List(context.Background(), project, since, at)
		if err != nil {
			t.Fatalf("list %q: %v", project, err)
		}
		for _, s := range shown {
			found[s.Key] = s.Link
		}
		if next == "" {
			return found
		}
		at = next
	}
	t.Fatal("the list does not end after 1000 pages")
	return nil
}

func lister(t *testing.T, target connectors.Target, h Harness) connectors.Lister {
	t.Helper()
	l, ok := target.(connectors.Lister)
	if !ok {
		t.Fatalf("%s declares %q and opens no connectors.Lister", h.Connector().Spec.Name, connectors.Lists)
	}
	return l
}

// listFindsAll: what the list leaves out is created a second time after a lost ledger.
func listFindsAll(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	links := map[string]connectors.Link{}
	for i := range 120 {
		it := item(h, i)
		it.Completed = i%7 == 0
		links[it.Key] = upsert(t, target, connectors.Want{Item: it})
	}
	gone := item(h, 5).Key
	h.Remove(t, links[gone])
	delete(links, gone)
	found := listAll(t, lister(t, openTarget(t, h), h), item(h, 0).Project, time.Time{})
	if len(found) != len(links) {
		t.Errorf("got %d objects, want %d", len(found), len(links))
	}
	for key, link := range links {
		if found[key] != link {
			t.Errorf("%s: got the link %q, want %q", key, found[key], link)
		}
	}
}

// listOfNoProjectIsEmpty: a project that was never made shows nothing, which is no error and makes no project.
func listOfNoProjectIsEmpty(t *testing.T, h TargetHarness) {
	found := listAll(t, lister(t, openTarget(t, h), h), "No such project", time.Time{})
	if len(found) != 0 {
		t.Errorf("got %d objects, want none", len(found))
	}
	if n, _ := h.Projects(t, "No such project"); n != 0 {
		t.Errorf("looking made %d projects", n)
	}
}

// listErrorIsNoEnd: an error taken for the end of the list makes everything after it look lost.
func listErrorIsNoEnd(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	it := item(h, 1)
	upsert(t, target, connectors.Want{Item: it})
	checkErrorKinds(t, h, sandbox.Match{Method: "GET"}, func() error {
		_, _, err := lister(t, openTarget(t, h), h).List(context.Background(), it.Project, time.Time{}, "")
		return err
	})
}
