package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

var targetCrashes = []targetCheck{
	{"CrashAfterCreateIsOne", "", crashAfterCreateIsOne},
	{"LostAnswerIsOne", "", lostAnswerIsOne},
	{"LostAnswerOfAnUpdate", "", lostAnswerOfAnUpdate},
	{"DoubtWithoutAWriteCreates", "", doubtWithoutAWriteCreates},
	{"DoubtDoesNotTakeAnother", "", doubtDoesNotTakeAnother},
	{"DoubtAboutACompletedOne", "", doubtAboutACompletedOne},
}

// before is a lower bound of the time of the calls that follow, as the router would note it.
func before(h Harness) time.Time { return h.Clock().Now().Add(-time.Second) }

// crashAfterCreateIsOne: the process died between the write and the ledger's note of it (invariant 4).
func crashAfterCreateIsOne(t *testing.T, h TargetHarness) {
	since, it := before(h), item(h, 1)
	first := upsert(t, openTarget(t, h), connectors.Want{Item: it})
	again := it
	again.Title = "Order, renamed meanwhile"
	second := upsert(t, openTarget(t, h), inDoubt(h, again, since))
	if first != second {
		t.Errorf("got the link %q, want the one of the interrupted call, %q", second, first)
	}
	checkShows(t, h, first, again)
}

// lostAnswerIsOne: the vendor wrote and the answer never came. A blind retry makes a second task for one deal.
func lostAnswerIsOne(t *testing.T, h TargetHarness) {
	for i, kind := range []string{sandbox.Lost, sandbox.Lost500, sandbox.Truncate, sandbox.HTML} {
		t.Run(kind, func(t *testing.T) {
			target, it := openTarget(t, h), item(h, 10+i)
			upsert(t, target, connectors.Want{Item: item(h, 90+i)}) // the project is there and the names are known
			since := before(h)
			addFault(t, h, sandbox.Fault{Match: h.Creates(), Kind: kind, Times: 1})
			_, err := target.Upsert(context.Background(), connectors.Want{Item: it})
			wantKind(t, "an answer that was lost", err, connectors.Temporary)
			checkShy(t, h, err, it.Title, it.Assignee)
			h.Plan().Clear()
			link := upsert(t, target, inDoubt(h, it, since))
			checkShows(t, h, link, it)
		})
	}
}

// lostAnswerOfAnUpdate: repeating an update must be harmless.
func lostAnswerOfAnUpdate(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	it := changed(old)
	addFault(t, h, sandbox.Fault{Match: h.Updates(), Kind: sandbox.Lost, Times: 1})
	_, err := target.Upsert(context.Background(), connectors.Want{Item: it, Link: link, Last: &old})
	wantKind(t, "an answer that was lost", err, connectors.Temporary)
	h.Plan().Clear()
	upsert(t, target, connectors.Want{Item: it, Link: link})
	checkShows(t, h, link, it)
}

// doubtWithoutAWriteCreates: the request never arrived, so there is nothing to find and the item must be created.
func doubtWithoutAWriteCreates(t *testing.T, h TargetHarness) {
	target, it, since := openTarget(t, h), item(h, 1), before(h)
	addFault(t, h, sandbox.Fault{Match: h.Creates(), Kind: sandbox.Drop})
	_, err := target.Upsert(context.Background(), connectors.Want{Item: it})
	wantKind(t, "a request that did not arrive", err, connectors.Temporary)
	h.Plan().Clear()
	link := upsert(t, target, inDoubt(h, it, since))
	checkShows(t, h, link, it)
}

// doubtDoesNotTakeAnother: two items that look the same are two; only the key identifies.
func doubtDoesNotTakeAnother(t *testing.T, h TargetHarness) {
	target, since := openTarget(t, h), before(h)
	a, b := item(h, 1), item(h, 2)
	b.Title, b.Notes = a.Title, a.Notes
	b.Key = a.Key + "0" // a key that begins with the other one
	first := upsert(t, target, connectors.Want{Item: a})
	second := upsert(t, target, inDoubt(h, b, since))
	if first == second {
		t.Errorf("the item %s took over the object of %s", b.Key, a.Key)
	}
	one(t, h, a.Key)
	one(t, h, b.Key)
}

// doubtAboutACompletedOne: what an interrupted call left may be completed; looking only among open tasks doubles it.
func doubtAboutACompletedOne(t *testing.T, h TargetHarness) {
	since, it := before(h), item(h, 1)
	it.Completed = true
	first := upsert(t, openTarget(t, h), connectors.Want{Item: it})
	second := upsert(t, openTarget(t, h), inDoubt(h, it, since))
	if first != second {
		t.Errorf("got the link %q, want the one of the interrupted call, %q", second, first)
	}
	checkShows(t, h, first, it)
}
