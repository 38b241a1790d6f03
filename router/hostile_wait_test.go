package router_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// getter fetches contacts from the crm unless refuse says otherwise.
type getter struct {
	*crm
	refuse func(connectors.Ref) error
}

func (getter) MaxGet() int { return 5 }

func (g getter) Get(_ context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []connectors.Record
	for _, ref := range refs {
		if err := g.refuse(ref); err != nil {
			return nil, err
		}
		if rec, known := g.live[ref.ID]; known {
			list = append(list, rec)
		}
	}
	return list, nil
}

// hinted runs a world in which contacts come only by hints, of which some name records of an object or an id that the
// vendor refuses, and waits until the contacts are shown.
func hinted(t *testing.T, refuse func(connectors.Ref) error, bad func(i int) connectors.Ref) *world {
	w := newWorld(t)
	w.fill(12)
	none := func(context.Context, string, connectors.Cursor) (connectors.Page, error) {
		return connectors.Page{Next: "end"}, nil
	}
	w.change = func(o *router.Options) {
		o.Sources[0].Source = source{crm: w.crm, read: none}
		o.Sources[0].Getter = getter{w.crm, refuse}
	}
	w.start()
	var hints []connectors.Hint
	for i := range 12 {
		hints = append(hints, connectors.Hint{Ref: connectors.Ref{Connection: "crm", Object: "contacts", ID: fmt.Sprint(i)}})
	}
	for i := range 4 {
		hints = append(hints, connectors.Hint{Ref: bad(i)})
	}
	if err := w.router.Hint(t.Context(), hints); err != nil {
		t.Fatal(err)
	}
	w.until(func() bool { return len(w.board.shows(t)) == 12 })
	return w
}

// One reference that the vendor rejects must not keep the others of its batch, nor a backfill, waiting for ever.
func TestRejectedReferenceHoldsUpNobody(t *testing.T) {
	w := hinted(t, func(ref connectors.Ref) error {
		if ref.ID[0] == 'x' {
			return &connectors.Error{Kind: connectors.Rejected, Op: "read contacts", Status: 400}
		}
		return nil
	}, func(i int) connectors.Ref {
		return connectors.Ref{Connection: "crm", Object: "contacts", ID: fmt.Sprintf("x%d", i)}
	})
	w.backfill() // ends: nothing is left to fetch
}

// References of an object that we may not read must not starve those of another, though theirs come first.
func TestDeniedReferencesStarveNobody(t *testing.T) {
	hinted(t, func(ref connectors.Ref) error {
		if ref.Object == "accounts" {
			return &connectors.Error{Kind: connectors.Denied, Op: "read accounts", Status: 403}
		}
		return nil
	}, func(i int) connectors.Ref {
		return connectors.Ref{Connection: "crm", Object: "accounts", ID: fmt.Sprint(i)}
	})
}

// A connection that refuses us from the start must not hold back what the others bring.
func TestRefusedConnectionHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	w.rules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: 'len(deals) == 0 ? person.name.full : "busy"'
`
	w.fill(10)
	w.change = func(o *router.Options) {
		refused := source{crm: w.crm, streams: func(context.Context) ([]connectors.Stream, error) {
			return nil, &connectors.Error{Kind: connectors.Denied, Op: "list streams", Status: 401}
		}}
		o.Sources = append(o.Sources, router.SourceConn{Name: "other", Source: refused})
		o.KindOf = func(_, object string) canonical.Kind {
			return map[string]canonical.Kind{"contacts": canonical.Person, "deals": canonical.Deal}[object]
		}
	}
	w.start()
	w.until(func() bool { return len(w.board.shows(t)) == 10 })
}

// Neither must one whose quota of the day is used up before its first pass, or before it could list its streams.
func TestExhaustedConnectionHoldsUpNobody(t *testing.T) {
	spent := &connectors.Error{Kind: connectors.Limited, Op: "read deals", After: time.Hour}
	for _, listing := range []error{nil, spent} {
		w := newWorld(t)
		w.rules = `
version: 1
rules:
  - name: card
    for: person
    project: '"Customers"'
    title: 'len(deals) == 0 ? person.name.full : "busy"'
`
		w.fill(10)
		w.change = func(o *router.Options) {
			other := source{crm: w.crm, streams: func(context.Context) ([]connectors.Stream, error) {
				return []connectors.Stream{{Name: "deals", Object: "deals"}}, listing
			}, read: func(context.Context, string, connectors.Cursor) (connectors.Page, error) {
				return connectors.Page{}, spent
			}}
			o.Sources = append(o.Sources, router.SourceConn{Name: "other", Source: other})
			o.KindOf = func(_, object string) canonical.Kind {
				return map[string]canonical.Kind{"contacts": canonical.Person, "deals": canonical.Deal}[object]
			}
		}
		w.start()
		w.until(func() bool { return len(w.board.shows(t)) == 10 })
		w.halt()
		w.crm.set("new", "New") // and again after a restart, while the wait goes on
		w.start()
		w.until(func() bool { return len(w.board.shows(t)) == 11 })
	}
}

// A "not before" written while the clock was wrong must not stop anything once it is right.
func TestClockThatWasFarAhead(t *testing.T) {
	w := newWorld(t)
	w.fill(5)
	w.board.before = func(connectors.Want) error {
		return &connectors.Error{Kind: connectors.Temporary, Op: "create task", Status: 503}
	}
	ahead := func() time.Time { return time.Now().AddDate(10, 0, 0) }
	w.change = func(o *router.Options) { o.Now = ahead }
	w.start()
	w.until(func() bool {
		b, err := w.ledger.Dirty(t.Context(), "board", "", 10)
		return err == nil && slices.ContainsFunc(b.Due, func(m ledger.Dirty) bool { return m.Attempts > 0 }) || !b.Wake.IsZero()
	})
	if err := w.ledger.RecordFailure(t.Context(), "crm", "contacts", context.DeadlineExceeded, ahead()); err != nil {
		t.Fatal(err)
	}
	w.halt()
	w.board.before, w.change = nil, nil
	w.crm.set("5", "Person 5")
	w.start()
	w.until(func() bool { return len(w.board.shows(t)) == 6 })
}
