package cli

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// hookDesk is the people who work in the vendors' tools. Each of their changes is told by the vendor's webhook at once.
type hookDesk struct {
	world *world.World
	watch *hookWatch

	deals, private, companies, tickets, users []string

	mu   sync.Mutex
	errs []error
}

func newHookDesk(w *world.World, watch *hookWatch) *hookDesk {
	d := &hookDesk{world: w, watch: watch}
	known := map[string]bool{}
	for _, u := range w.Zendesk.Rows("users") {
		if u.Fields["role"] == "end-user" {
			d.users = append(d.users, u.ID)
			known[fmt.Sprint(u.Fields["email"])] = true
		}
	}
	for _, t := range w.Zendesk.Rows("tickets") {
		if t.Fields["status"] != "closed" { // which nobody can change any more
			d.tickets = append(d.tickets, t.ID)
		}
	}
	for _, o := range w.HubSpot.Objects("contacts") {
		// Others have no task of their own, or show the name that Zendesk has.
		if len(w.HubSpot.Linked("contacts", o.ID, "companies")) == 0 && !known[o.Properties["email"]] {
			d.private = append(d.private, o.ID)
		}
	}
	for _, o := range w.HubSpot.Objects("deals") {
		d.deals = append(d.deals, o.ID)
	}
	for _, o := range w.HubSpot.Objects("companies") {
		d.companies = append(d.companies, o.ID)
	}
	return d
}

// work makes changes at the rate until ctx ends or the time is over. Each begins when it is due, however long the ones
// before it take.
func (d *hookDesk) work(ctx context.Context, change func(*hookDesk, int) error, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(time.Second / hookPace)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			all.Wait()
			return d.failure()
		case <-tick.C:
		}
		all.Go(func() {
			err := change(d, n)
			if err == nil {
				err = d.tell(context.WithoutCancel(ctx))
			}
			d.note(err)
		})
	}
}

// tell has the vendors deliver what they have to tell.
func (d *hookDesk) tell(ctx context.Context) error {
	hs, err := d.world.HubSpot.Deliver(ctx)
	if err != nil {
		return err
	}
	zd, err := d.world.Zendesk.Deliver(ctx)
	if refused := hs.Failed + hs.Given + zd.Failed + zd.Given + zd.Broken; err == nil && refused > 0 {
		return fmt.Errorf("%d deliveries were not taken", refused)
	}
	return err
}

func (d *hookDesk) note(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.errs = append(d.errs, err)
}

func (d *hookDesk) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.errs) == 0 {
		return nil
	}
	return fmt.Errorf("%d changes went wrong: %w", len(d.errs), d.errs[0])
}

// nth picks in a fixed order that returns to an object only after all others.
func nth(list []string, n int) string { return list[n%len(list)] }

// edit renames a deal, a ticket or a private customer that is there.
func (d *hookDesk) edit(n int) error {
	hs, zd := d.world.HubSpot, d.world.Zendesk
	switch n % 5 {
	case 0, 1:
		id := nth(d.deals, n)
		return hs.Set("deals", map[string]string{"dealname": hookName(d.watch.begin("hubspot/deals/" + id))}, id)
	case 2, 3:
		id := nth(d.tickets, n)
		return zd.Set("tickets", map[string]any{"subject": hookName(d.watch.begin("zendesk/tickets/" + id))}, id)
	}
	id := nth(d.private, n)
	return hs.Set("contacts", map[string]string{"lastname": hookName(d.watch.begin("hubspot/contacts/" + id))}, id)
}

// create makes a deal of a company, a ticket of a user or a private customer.
func (d *hookDesk) create(n int) error {
	number := d.watch.begin("")
	object, id, err := d.insert(n, hookName(number))
	d.watch.born(number, object+"/"+id)
	return err
}

func (d *hookDesk) insert(n int, name string) (object, id string, err error) {
	hs, zd := d.world.HubSpot, d.world.Zendesk
	switch n % 5 {
	case 0, 1:
		id, err = hs.Create("deals", map[string]string{"dealname": name, "amount": "1000", "pipeline": "default", "dealstage": "qualifiedtobuy"})
		if err == nil {
			err = hs.Associate("deals", id, "companies", nth(d.companies, n), 5)
		}
		return "hubspot/deals", id, err
	case 2, 3:
		id, err = zd.Create("tickets", map[string]any{"subject": name, "description": "Please call me back.", "status": "new", "requester_id": nth(d.users, n)})
		return "zendesk/tickets", id, err
	}
	id, err = hs.Create("contacts", map[string]string{"firstname": "Ada", "lastname": name, "email": "ada." + name + "@gmail.com"})
	return "hubspot/contacts", id, err
}

// either edits and creates in turn.
func (d *hookDesk) either(n int) error {
	if n%2 == 0 {
		return d.edit(n / 2)
	}
	return d.create(n / 2)
}

// besideBackfill brings many private customers into a tool that tells nobody, has the hub read everything again, and
// returns when the first of them is shown. The context that it returns ends with the backfill.
func (d *hookDesk) besideBackfill(ctx context.Context, s *hookSite, many int) (context.Context, error) {
	for i := range many {
		name := strconv.Itoa(i)
		_, err := d.world.HubSpot.Create("contacts", map[string]string{"firstname": "Bulk", "lastname": "Import " + name, "email": "bulk." + name + "@gmail.com"})
		if err != nil {
			return nil, err
		}
	}
	pause(ctx, 3*time.Second) // a poll leaves the last seconds to the next one
	shown := d.world.Asana.Count()
	during, err := s.readAgain(ctx)
	if err != nil {
		return nil, err
	}
	for d.world.Asana.Count() == shown {
		if pause(during, 5*time.Millisecond); during.Err() != nil {
			return nil, fmt.Errorf("the backfill shows nobody new: %w", context.Cause(during))
		}
	}
	return during, nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// audit compares the vendors with the project tool: a fast hub that shows something twice has met nothing.
func (d *hookDesk) audit() error {
	if missing, doubles := d.world.Audit(); doubles > 0 {
		return fmt.Errorf("%d items are missing and %d are there twice", missing, doubles)
	}
	return nil
}
