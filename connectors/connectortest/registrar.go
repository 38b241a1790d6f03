package connectortest

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// RegistrarHarness is a simulated account at which webhooks are registered. With its Settings something is wanted.
type RegistrarHarness interface {
	Harness
	// Subscriptions returns all of the account by id, whoever made them, each with everything that the vendor keeps of it, in one
	// form.
	Subscriptions(t *testing.T) map[string]string
	// Stranger has somebody else make a subscription that looks like one of ours as far as the vendor lets it: the same name
	// and events, and an address of its own that ends in the same path. It returns its id.
	Stranger(t *testing.T, like connectors.Subscription) string
	// Crowd is how many strangers make the vendor's list longer than a page, 0 where the list has no pages.
	Crowd() int
	// ByHand is what people can do to a subscription at the vendor, in words, besides deleting it.
	ByHand() map[string]func(t *testing.T, have connectors.Subscription)
	// Unsubscribe deletes a subscription, as people or the vendor do.
	Unsubscribe(t *testing.T, have connectors.Subscription)
	// Subscribes matches the requests by which a subscription is made.
	Subscribes() sandbox.Match
	// Tell has something happen that the wanted subscriptions tell of, and the vendor deliver it.
	Tell(t *testing.T)
	// Unread are changes of the settings, key and value by turns, with which nothing is read that could be told of.
	Unread() []any
}

type registrarCheck struct {
	name string
	run  func(t *testing.T, h RegistrarHarness, d *desk)
}

// Registrar runs the checks of connectors.Registrar, and of Changer, SecretReader and Handshaker where it is one.
func Registrar(t *testing.T, newHarness func(t *testing.T) RegistrarHarness) {
	for _, c := range slices.Concat(registrarChecks, registrarErrors) {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			c.run(t, h, newDesk(t, h))
		})
	}
}

// desk does what the hub does with a registrar, in its simplest form, before an address that answers.
type desk struct {
	connectors.Registrar
	h     RegistrarHarness
	at    *address
	place connectors.Place
}

func newDesk(t *testing.T, h RegistrarHarness, change ...any) *desk {
	t.Helper()
	r, ok := Open(t, h, change...).(connectors.Registrar)
	if !ok {
		t.Fatalf("%s opens no connectors.Registrar", h.Connector().Spec.Name)
	}
	w, ok := r.(connectors.Webhook)
	if !ok {
		t.Fatal("a registrar has to understand what is delivered: it is no connectors.Webhook")
	}
	d := &desk{Registrar: r, h: h, at: newAddress(t, w, h.Clock())}
	d.place = connectors.Place{Connection: Connection, Address: d.at.url}
	return d
}

// wanted returns what is wanted, which must be something.
func (d *desk) wanted(t *testing.T) []connectors.Subscription {
	t.Helper()
	list, err := d.Wanted(context.Background(), d.place)
	if err != nil || len(list) == 0 {
		t.Fatalf("got %d subscriptions and %v, want some", len(list), err)
	}
	return list
}

// mostPages ends a list that does not end.
const mostPages = 100

// list returns what the vendor shows, and in how many pages.
func (d *desk) list(t *testing.T) (all []connectors.Subscription, pages int) {
	t.Helper()
	var after connectors.Cursor
	for pages < mostPages {
		page, next, err := d.Registered(context.Background(), d.place, after)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		all, pages = append(all, page...), pages+1
		if next == "" {
			return all, pages
		}
		after = next
	}
	t.Fatalf("the list does not end after %d pages", pages)
	return nil, 0
}

// ours returns those that deliver to our address.
func (d *desk) ours(t *testing.T) (list []connectors.Subscription) {
	t.Helper()
	all, _ := d.list(t)
	for _, s := range all {
		if d.place.Holds(s.URL) {
			list = append(list, s)
		}
	}
	return list
}

// register makes one and has the address go by its secret.
func (d *desk) register(t *testing.T, want connectors.Subscription) connectors.Subscription {
	t.Helper()
	made, secret, err := d.Register(context.Background(), d.place, want)
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	if made.ID == "" || !equal(made, want) {
		t.Fatalf("made %+v, want %+v with an id", made, want)
	}
	d.learn(t, made, secret)
	return made
}

// learn has the address go by the secret of a subscription: the one that came with it, or that the vendor shows.
func (d *desk) learn(t *testing.T, have connectors.Subscription, secret connectors.Secret) {
	t.Helper()
	if reader, ok := d.Registrar.(connectors.SecretReader); ok && secret.IsZero() {
		var err error
		if secret, err = reader.SigningSecret(context.Background(), have); err != nil || secret.IsZero() {
			t.Fatalf("read signing secret: got %v, want one", err)
		}
	}
	if !secret.IsZero() {
		d.at.trust(have.URL, secret)
	}
}

func (d *desk) unregister(t *testing.T, have connectors.Subscription) {
	t.Helper()
	if err := d.Unregister(context.Background(), d.place, have); err != nil {
		t.Fatalf("unregister: %v", err)
	}
}

// same has the vendor make of a subscription what is wanted: by a change, or by another one.
func (d *desk) same(t *testing.T, have, want connectors.Subscription) {
	t.Helper()
	changer, ok := d.Registrar.(connectors.Changer)
	if !ok {
		d.unregister(t, have)
		d.register(t, want)
		return
	}
	want.ID = have.ID
	if err := changer.Change(context.Background(), d.place, have, want); err != nil {
		t.Fatalf("change: %v", err)
	}
}

// converge makes what is ours what is wanted, and returns how much it had to do. Ours is what delivers to our address, and what
// is known to be by its id.
func (d *desk) converge(t *testing.T, known ...string) (did int) {
	t.Helper()
	var left []connectors.Subscription
	all, _ := d.list(t)
	for _, s := range all {
		if d.place.Holds(s.URL) || slices.Contains(known, s.ID) {
			left = append(left, s)
		}
	}
	for _, want := range d.wanted(t) {
		i := slices.IndexFunc(left, func(s connectors.Subscription) bool { return s.Of == want.Of })
		if i < 0 {
			d.register(t, want)
			did++
			continue
		}
		if !equal(left[i], want) {
			d.same(t, left[i], want)
			did++
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, s := range left {
		d.unregister(t, s)
		did++
	}
	return did
}

// settled fails unless what is ours is what is wanted, one for each, and a look finds nothing to do.
func (d *desk) settled(t *testing.T, what string) []connectors.Subscription {
	t.Helper()
	wanted, ours := d.wanted(t), d.ours(t)
	if len(wanted) != len(ours) {
		t.Fatalf("%s: %d of ours are there, %d are wanted", what, len(ours), len(wanted))
	}
	for _, want := range wanted {
		if !slices.ContainsFunc(ours, func(s connectors.Subscription) bool { return equal(s, want) && s.ID != "" }) {
			t.Fatalf("%s: there are %+v, want %+v among them", what, ours, want)
		}
	}
	if did := d.converge(t); did != 0 {
		t.Fatalf("%s: a second look did %d things, want nothing to do", what, did)
	}
	return ours
}

// equal reports whether one is what the other says, as whoever compares them sees it.
func equal(have, want connectors.Subscription) bool {
	return have.Of == want.Of && have.Name == want.Name && have.URL == want.URL && have.State == want.State && slices.Equal(have.Events, want.Events)
}

// kept fails when the vendor has something else of these subscriptions than it had.
func (d *desk) kept(t *testing.T, what string, before map[string]string, ids ...string) {
	t.Helper()
	now := d.h.Subscriptions(t)
	for _, id := range ids {
		if before[id] == "" || now[id] != before[id] {
			t.Errorf("%s: subscription %s of somebody else is now %q, was %q", what, id, now[id], before[id])
		}
	}
}

// strangers has others make subscriptions like each that is wanted, and returns their ids.
func (d *desk) strangers(t *testing.T, each int) (ids []string) {
	t.Helper()
	for _, want := range d.wanted(t) {
		for range each {
			ids = append(ids, d.h.Stranger(t, want))
		}
	}
	return ids
}

// ids returns those of all subscriptions of the account, in order.
func (d *desk) ids(t *testing.T) []string {
	return slices.Sorted(maps.Keys(d.h.Subscriptions(t)))
}
