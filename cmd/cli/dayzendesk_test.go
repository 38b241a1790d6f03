package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

var zendeskNames = map[string]string{"users": "name", "organizations": "name", "tickets": "subject"}

// zendeskParty is Zendesk, whose exports hold changes back for a minute.
func (d *day) zendeskParty(p *party) {
	sim := zendesktest.New(zendesktest.Options{Clock: p.clock, Tokens: []string{zendesktest.DefaultToken}, Deliver: p.wire.client()})
	sim.Seed(d.customers.Shared(sandbox.Share{Organization: even, Person: even, Deal: none, Ticket: odd}))
	d.world.Zendesk = sim
	d.cables.hosts["zendesk.example"] = sim.Handler()
	p.objects = []string{"organizations", "tickets", "users"}
	p.send = func(ctx context.Context) error { _, err := sim.Deliver(ctx); return err }
	w := &zendeskPeople{party: p, sim: sim}
	p.acts = slices.Concat(often(4, w.set, w.create), often(1, w.remove, w.restore, w.merge))
	p.live = func() map[string]map[string]string {
		list := map[string]map[string]string{}
		for of, name := range zendeskNames {
			for _, r := range sim.Rows(of) {
				facts := map[string]string{name: text(r.Fields[name])}
				if of == "tickets" {
					facts["status"] = text(r.Fields["status"])
				}
				list[of+"/"+r.ID] = facts
			}
		}
		return list
	}
	p.stamp = func(object, id string) time.Time { row, _ := sim.Row(object, id); return row.Stamp }
	d.meddleZendesk(p, sim)
}

// zendeskPeople work with Zendesk.
type zendeskPeople struct {
	*party
	sim    *zendesktest.Server
	binned []string
}

func (w *zendeskPeople) object() string {
	return w.objects[w.dice.n(len(w.objects))]
}

func (w *zendeskPeople) ids(object string) (list []string) {
	for _, r := range w.sim.Rows(object) {
		if object == "users" && r.Fields["role"] != "end-user" || r.Fields["status"] == "closed" {
			continue
		}
		list = append(list, r.ID)
	}
	return list
}

func (w *zendeskPeople) set() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		id := w.pick(w.ids(of))
		if id == "" {
			return "", nil
		}
		in := map[string]any{zendeskNames[of]: "Changed " + mark}
		if of == "tickets" {
			in["status"] = []string{"open", "pending", "hold", "solved"}[w.dice.n(4)]
		}
		return id, w.sim.Set(of, in, id)
	})
}

func (w *zendeskPeople) create() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		in := map[string]any{zendeskNames[of]: "New " + mark}
		switch of {
		case "tickets":
			in["description"], in["status"] = "Please help.", "new"
			if who := w.pick(w.ids("users")); who != "" {
				in["requester_id"] = who
			}
		case "users":
			in["role"], in["email"] = "end-user", "u"+strings.Trim(mark, "~")+"@desk.example"
		}
		return w.sim.Create(of, in)
	})
}

func (w *zendeskPeople) remove() error {
	of := w.object()
	id := w.pick(w.ids(of))
	if id == "" || len(w.ids(of)) < 3 {
		return nil
	}
	if of == "tickets" {
		w.binned = append(w.binned, id)
	}
	return w.lose(of, id, w.sim.Delete(of, id))
}

func (w *zendeskPeople) restore() error {
	if len(w.binned) == 0 {
		return nil
	}
	id := w.binned[len(w.binned)-1]
	w.binned = w.binned[:len(w.binned)-1]
	if err := w.sim.Restore("tickets", id); err != nil {
		return err
	}
	return w.write("tickets", func(mark string) (string, error) {
		return id, w.sim.Set("tickets", map[string]any{"subject": "Restored " + mark}, id)
	})
}

func (w *zendeskPeople) merge() error {
	a, b := w.two(w.ids("users"))
	if a == "" || len(w.ids("users")) < 4 {
		return nil
	}
	if err := w.lose("users", b, w.sim.MergeUsers(a, b)); err != nil {
		return err
	}
	return w.write("users", func(mark string) (string, error) { // the merge stamps the winner, too
		return a, w.sim.Set("users", map[string]any{"name": "Merged " + mark}, a)
	})
}

// meddleZendesk is what people do to a webhook in Zendesk's Admin Center.
func (d *day) meddleZendesk(p *party, sim *zendesktest.Server) {
	ours := func(method, below, body string) func() error {
		return func() error {
			for _, w := range sim.Hooks() {
				if strings.HasPrefix(w.Endpoint, publicAt) || strings.HasSuffix(w.Endpoint, "#moved") {
					return d.ask(method, "https://zendesk.example/api/v2/webhooks/"+w.ID+below, "Authorization", "Bearer "+zendesktest.DefaultToken, body)
				}
			}
			return errNothing
		}
	}
	p.meddle = map[string]func() error{
		"turned off":     ours(http.MethodPatch, "", `{"webhook":{"status":"inactive"}}`),
		"deleted":        ours(http.MethodDelete, "", ""),
		"moved":          ours(http.MethodPatch, "", `{"webhook":{"endpoint":"https://elsewhere.example/#moved"}}`),
		"told less":      ours(http.MethodPatch, "", `{"webhook":{"subscriptions":["zen:event-type:user.created"]}}`),
		"another secret": ours(http.MethodPost, "/signing_secret", ""),
	}
}
