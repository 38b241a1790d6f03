package connectortest

import (
	"context"
	"testing"

	"github.com/millrace/millrace/connectors"
)

var targetPeople = []targetCheck{
	{"UpdateKeepsHumanEdits", "", updateKeepsHumanEdits},
	{"DeletedByHumanIsNotFound", "", deletedByHumanIsNotFound},
	{"DeletedByHumanCanBeShownAgain", "", deletedByHumanCanBeShownAgain},
	{"OnceIsLeftToPeople", "", onceIsLeftToPeople},
	{"CloseTwice", "", closeTwice},
	{"CloseWhatIsGone", "", closeWhatIsGone},
}

// updateKeepsHumanEdits: people write on the tasks; a connector that overwrites them is switched off the same day.
func updateKeepsHumanEdits(t *testing.T, h TargetHarness) {
	for name, last := range map[string]bool{"with Last": true, "without Last": false} {
		t.Run(name, func(t *testing.T) {
			n := 1
			if last {
				n = 2
			}
			target, old := openTarget(t, h), item(h, n)
			link := upsert(t, target, connectors.Want{Item: old})
			intact := h.HumanEdits(t, link)
			want := connectors.Want{Item: changed(old), Link: link}
			if last {
				want.Last = &old
			}
			upsert(t, target, want)
			checkShows(t, h, link, want.Item)
			if err := intact(); err != nil {
				t.Errorf("a person's edit is lost: %v", err)
			}
		})
	}
}

// deletedByHumanIsNotFound: the router must learn that somebody deleted the object, and decide; a connector that
// creates it again on its own fights with people.
func deletedByHumanIsNotFound(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	h.Remove(t, link)
	_, err := target.Upsert(context.Background(), connectors.Want{Item: changed(old), Link: link, Last: &old})
	wantKind(t, "an update of a deleted object", err, connectors.NotFound)
	_, err = target.Upsert(context.Background(), connectors.Want{Item: changed(old), Link: link})
	wantKind(t, "an update of a deleted object without Last", err, connectors.NotFound)
	if n := len(h.Tasks(t, old.Key)); n != 0 {
		t.Errorf("got %d objects with the key, want none: nobody asked for a new one", n)
	}
}

// deletedByHumanCanBeShownAgain: when the router decides to show the item again, the old key must not be in the way.
func deletedByHumanCanBeShownAgain(t *testing.T, h TargetHarness) {
	target, it, since := openTarget(t, h), item(h, 1), before(h)
	h.Remove(t, upsert(t, target, connectors.Want{Item: it}))
	link := upsert(t, target, inDoubt(h, it, since))
	checkShows(t, h, link, it)
}

// onceIsLeftToPeople: what is made once is looked for before it is made, and what people made of it stays.
func onceIsLeftToPeople(t *testing.T, h TargetHarness) {
	it, since := item(h, 1), before(h)
	it.Once = true
	link := upsert(t, openTarget(t, h), inDoubt(h, it, since))
	checkShows(t, h, link, it)
	intact := h.HumanEdits(t, link)
	again := changed(it)
	again.Once = true
	if got := upsert(t, openTarget(t, h), inDoubt(h, again, since)); got != link {
		t.Errorf("got %q, want the object that is there, %q", got, link)
	}
	checkShows(t, h, link, it)
	if err := intact(); err != nil {
		t.Errorf("a person's edit is lost: %v", err)
	}
}

// closeTwice: closing is repeated after every lost answer.
func closeTwice(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	for i, how := range []connectors.Closing{{Comment: "No longer wanted."}, {Delete: true}} {
		it := item(h, i)
		link := upsert(t, target, connectors.Want{Item: it})
		for range 2 {
			if err := target.Close(context.Background(), link, how); err != nil {
				t.Fatalf("close %+v: %v", how, err)
			}
		}
		tasks := h.Tasks(t, it.Key)
		if how.Delete && len(tasks) != 0 {
			t.Errorf("got %d objects after deleting, want none", len(tasks))
		}
		if !how.Delete && (len(tasks) != 1 || !tasks[0].Completed) {
			t.Errorf("got %+v after closing, want one completed object", tasks)
		}
	}
}

// closeWhatIsGone: an object that a person deleted is closed already; an error would be retried for ever.
func closeWhatIsGone(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	for i, how := range []connectors.Closing{{}, {Comment: "No longer wanted."}, {Delete: true}} {
		link := upsert(t, target, connectors.Want{Item: item(h, i)})
		h.Remove(t, link)
		if err := target.Close(context.Background(), link, how); err != nil {
			t.Errorf("close %+v of a deleted object: %v", how, err)
		}
	}
}
