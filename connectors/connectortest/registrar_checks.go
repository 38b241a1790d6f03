package connectortest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

var registrarChecks = []registrarCheck{
	{"WantedIsStable", wantedIsStable},
	{"OnlyWhatIsReadIsWanted", onlyWhatIsReadIsWanted},
	{"CreatedIsListedAsWanted", createdIsListedAsWanted},
	{"CreatedTells", createdTells},
	{"ListIsPaged", listIsPaged},
	{"StrangersAreLeftAlone", strangersAreLeftAlone},
	{"WhatPeopleDidIsMended", whatPeopleDidIsMended},
	{"DeletedIsMadeAgain", deletedIsMadeAgain},
	{"ChangeKeepsIdentity", changeKeepsIdentity},
	{"UnregisterOfWhatIsGone", unregisterOfWhatIsGone},
	{"SecretIsShownAgain", secretIsShownAgain},
}

// wantedIsStable: whoever compares what is wanted with what is there does so every hour. An order that changes, or a word
// that differs, would have everything deleted and made again each time.
func wantedIsStable(t *testing.T, h RegistrarHarness, d *desk) {
	wanted := d.wanted(t)
	other := d.anew(t)
	for range 5 {
		if again := other.wanted(t); !reflect.DeepEqual(again, wanted) {
			t.Fatalf("wanted %+v, and then %+v", wanted, again)
		}
	}
	of := map[string]bool{}
	for _, w := range wanted {
		if w.ID != "" || w.State != connectors.SubscriptionOn || !d.place.Holds(w.URL) || of[w.Of] {
			t.Errorf("got %+v, want no id, a state of on, an address at or below %s, and one for each Of", w, d.place.Address)
		}
		of[w.Of] = true
		if len(w.Events) == 0 || !slices.IsSorted(w.Events) || len(slices.Compact(slices.Clone(w.Events))) != len(w.Events) {
			t.Errorf("the events are %q, want some, each once, in order", w.Events)
		}
		for _, hidden := range secrets(h) {
			if strings.Contains(w.Of+w.About+w.Name+strings.Join(w.Events, " "), hidden) {
				t.Errorf("%+v shows a secret outside of its address", w)
			}
		}
	}
	for i := range wanted {
		wanted[i].Events[0] = "overwritten"
	}
	if slices.Contains(d.wanted(t)[0].Events, "overwritten") {
		t.Error("what is wanted shares its memory with what was returned before")
	}
}

// onlyWhatIsReadIsWanted: an event of what is not read costs a delivery each and brings nothing.
func onlyWhatIsReadIsWanted(t *testing.T, h RegistrarHarness, d *desk) {
	if h.Unread() == nil {
		t.Skip("everything that the vendor could tell of is always read")
	}
	list, err := newDesk(t, h, h.Unread()...).Wanted(context.Background(), d.place)
	if len(list) != 0 || err != nil {
		t.Errorf("nothing is read that could be told of: got %+v and %v, want nothing", list, err)
	}
}

// createdIsListedAsWanted: a vendor that writes what it was given in other words would be told so again every hour.
func createdIsListedAsWanted(t *testing.T, h RegistrarHarness, d *desk) {
	for _, want := range d.wanted(t) {
		d.register(t, want)
	}
	d.settled(t, "made")
	if n := len(h.Subscriptions(t)); n != len(d.wanted(t)) {
		t.Errorf("the account has %d subscriptions, want one for each that is wanted", n)
	}
}

// createdTells: what was registered has to tell of what is read, and nothing that cannot be verified.
func createdTells(t *testing.T, h RegistrarHarness, d *desk) {
	d.converge(t)
	h.Tell(t)
	if taken, refused := d.at.counts(); taken == 0 || refused != 0 {
		t.Errorf("of what happened, %d deliveries were verified and %d were not, want some and none", taken, refused)
	}
}

// listIsPaged: whoever reads only the first page makes one more subscription every hour.
func listIsPaged(t *testing.T, h RegistrarHarness, d *desk) {
	if h.Crowd() == 0 {
		t.Skip("the vendor's list has no pages")
	}
	d.strangers(t, h.Crowd())
	d.converge(t)
	all, pages := d.list(t)
	if pages < 2 {
		t.Errorf("%d subscriptions came in %d pages, want more", len(all), pages)
	}
	var ids []string
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, d.ids(t)) {
		t.Errorf("the list has %d subscriptions, the account %d, want the same, each once", len(ids), len(d.ids(t)))
	}
	d.settled(t, "behind a page of others")
}

// strangersAreLeftAlone: the account may be a company's, with subscriptions that its business hangs on.
func strangersAreLeftAlone(t *testing.T, h RegistrarHarness, d *desk) {
	ids := d.strangers(t, 2)
	before := h.Subscriptions(t)
	d.converge(t)
	d.kept(t, "after registering", before, ids...)
	for what, act := range h.ByHand() {
		have := d.settled(t, "beside others")[0]
		act(t, have)
		d.converge(t, have.ID)
		d.kept(t, what, before, ids...)
	}
	for _, s := range d.settled(t, "repaired beside others") {
		d.unregister(t, s)
	}
	d.kept(t, "after removing", before, ids...)
	if left := d.ids(t); len(left) != len(ids) {
		t.Errorf("%v are left, want %v", left, ids)
	}
}

// whatPeopleDidIsMended: each way to leave a subscription that tells of less has to be seen, and to be undone by one change.
func whatPeopleDidIsMended(t *testing.T, h RegistrarHarness, d *desk) {
	d.converge(t)
	for what, act := range h.ByHand() {
		for i := range d.wanted(t) {
			have := d.settled(t, what)[i]
			act(t, have)
			if did := d.converge(t, have.ID); did == 0 {
				t.Errorf("%s: nothing was found to do", what)
			}
			d.settled(t, what)
		}
		before, _ := d.at.counts()
		h.Tell(t)
		if taken, refused := d.at.counts(); taken == before || refused != 0 {
			t.Errorf("%s: mended, and %d deliveries were verified and %d were not, want some and none", what, taken-before, refused)
		}
	}
}

// deletedIsMadeAgain: what is gone is not listed, and the next one is another.
func deletedIsMadeAgain(t *testing.T, h RegistrarHarness, d *desk) {
	d.converge(t)
	for _, have := range d.settled(t, "made") {
		h.Unsubscribe(t, have)
	}
	if left := d.ours(t); len(left) != 0 {
		t.Fatalf("deleted ones are listed: %+v", left)
	}
	if did, want := d.converge(t), len(d.wanted(t)); did != want {
		t.Errorf("did %d things, want %d", did, want)
	}
	d.settled(t, "made again")
	h.Tell(t)
	if taken, refused := d.at.counts(); taken == 0 || refused != 0 {
		t.Errorf("made again, and %d deliveries were verified and %d were not, want some and none", taken, refused)
	}
}

// changeKeepsIdentity: a change that makes another subscription, or another secret, leaves deliveries that nobody can verify.
func changeKeepsIdentity(t *testing.T, h RegistrarHarness, d *desk) {
	changer, ok := d.Registrar.(connectors.Changer)
	if !ok {
		t.Skip("the vendor changes no subscription")
	}
	d.converge(t)
	for _, have := range d.settled(t, "made") {
		want := have
		want.Events = have.Events[:1]
		if err := changer.Change(context.Background(), d.place, have, want); err != nil {
			t.Fatalf("change: %v", err)
		}
		i := slices.IndexFunc(d.ours(t), func(s connectors.Subscription) bool { return s.ID == have.ID })
		if i < 0 || !equal(d.ours(t)[i], want) {
			t.Fatalf("changed %+v to tell of %q, and there are %+v", have, want.Events, d.ours(t))
		}
		if err := changer.Change(context.Background(), d.place, want, have); err != nil {
			t.Fatalf("change back: %v", err)
		}
	}
	d.settled(t, "changed to and fro")
	h.Tell(t)
	if taken, refused := d.at.counts(); taken == 0 || refused != 0 {
		t.Errorf("changed to and fro, and %d deliveries were verified and %d were not, want some and none", taken, refused)
	}
	have := d.settled(t, "changed to and fro")[0]
	h.Unsubscribe(t, have)
	wantKind(t, "change of what is gone", changer.Change(context.Background(), d.place, have, have), connectors.NotFound)
}

// unregisterOfWhatIsGone: somebody was quicker, or the answer to the first try was lost.
func unregisterOfWhatIsGone(t *testing.T, h RegistrarHarness, d *desk) {
	d.converge(t)
	for _, have := range d.settled(t, "made") {
		d.unregister(t, have)
		d.unregister(t, have)
	}
	if left := d.ids(t); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	d.converge(t)
	for _, have := range d.settled(t, "made again") {
		h.Unsubscribe(t, have)
		d.unregister(t, have)
	}
}

// secretIsShownAgain: a lost ledger asks for it, and it must be the one that the vendor goes on signing with.
func secretIsShownAgain(t *testing.T, h RegistrarHarness, d *desk) {
	reader, ok := d.Registrar.(connectors.SecretReader)
	if !ok {
		t.Skip("the vendor shows no secret again")
	}
	d.converge(t)
	for _, have := range d.settled(t, "made") {
		first, err := reader.SigningSecret(context.Background(), have)
		second, again := reader.SigningSecret(context.Background(), have)
		if err != nil || again != nil || first.IsZero() || first != second {
			t.Errorf("got %v and %v, want the same secret twice", err, again)
		}
		h.Unsubscribe(t, have)
		_, err = reader.SigningSecret(context.Background(), have)
		wantKind(t, "secret of what is gone", err, connectors.NotFound)
	}
}
