package cli

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// hubspotKey is the client secret that the simulator signs with.
const hubspotKey = "hubspot-client-secret-of-the-morning"

// hubspotNames are the properties that marks are written into.
var hubspotNames = map[string]string{"contacts": "lastname", "companies": "name", "deals": "dealname", "tickets": "subject"}

// hubspotParty is HubSpot, whose search shows changes late. Its webhooks are set up by a person.
func (d *day) hubspotParty(p *party) {
	sim := hubspottest.New(hubspottest.Options{Clock: p.clock, IndexLag: indexLag, IndexJitter: indexLag, Deliver: p.wire.client()})
	sim.Seed(d.customers.Shared(sandbox.Share{Deal: even, Ticket: even}))
	d.world.HubSpot = sim
	d.cables.hosts["hubspot.example"] = sim.Handler()
	sim.Subscribe(hubspottest.Subscription{URL: publicAt + "/hooks/hubspot", Secret: hubspotKey, Types: []string{"*"}})
	p.objects = slices.Sorted(maps.Keys(hubspotNames))
	p.send = func(ctx context.Context) error { _, err := sim.Deliver(ctx); return err }
	w := &hubspotPeople{party: p, sim: sim}
	p.acts = slices.Concat(often(4, w.set, w.amount, w.create), often(1, w.archive, w.restore, w.merge, w.associate))
	p.live = func() map[string]map[string]string {
		list := map[string]map[string]string{}
		for of, name := range hubspotNames {
			for _, o := range sim.Objects(of) {
				list[of+"/"+o.ID] = map[string]string{"properties." + name: o.Properties[name], "properties.hs_lastmodifieddate": o.Properties["hs_lastmodifieddate"],
					"properties.amount": o.Properties["amount"], "properties.dealstage": o.Properties["dealstage"]}
			}
		}
		return list
	}
}

// hubspotPeople work with HubSpot.
type hubspotPeople struct {
	*party
	sim    *hubspottest.Server
	binned [][2]string
}

func (w *hubspotPeople) object() string {
	return w.objects[w.dice.n(len(w.objects))]
}

func (w *hubspotPeople) ids(object string) (list []string) {
	for _, o := range w.sim.Objects(object) {
		list = append(list, o.ID)
	}
	return list
}

func (w *hubspotPeople) set() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		id := w.pick(w.ids(of))
		if id == "" {
			return "", nil
		}
		return id, w.sim.Set(of, map[string]string{hubspotNames[of]: "Changed " + mark}, id)
	})
}

func (w *hubspotPeople) amount() error {
	return w.write("deals", func(mark string) (string, error) {
		id := w.pick(w.ids("deals"))
		if id == "" {
			return "", nil
		}
		stage := []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon"}[w.dice.n(5)]
		return id, w.sim.Set("deals", map[string]string{"dealname": "Deal " + mark, "amount": strconv.Itoa(100 * w.dice.n(900)), "dealstage": stage}, id)
	})
}

func (w *hubspotPeople) create() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		in := map[string]string{hubspotNames[of]: "New " + mark}
		switch of {
		case "deals":
			in["pipeline"], in["dealstage"] = "default", "appointmentscheduled"
		case "tickets":
			in["hs_pipeline"], in["hs_pipeline_stage"] = "0", "1"
		}
		return w.sim.Create(of, in)
	})
}

func (w *hubspotPeople) archive() error {
	of := w.object()
	id := w.pick(w.ids(of))
	if id == "" || len(w.ids(of)) < 3 {
		return nil
	}
	w.binned = append(w.binned, [2]string{of, id})
	return w.lose(of, id, w.sim.Archive(of, id))
}

func (w *hubspotPeople) restore() error {
	if len(w.binned) == 0 {
		return nil
	}
	of, id := w.binned[len(w.binned)-1][0], w.binned[len(w.binned)-1][1]
	w.binned = w.binned[:len(w.binned)-1]
	if o, ok := w.sim.Object(of, id); !ok || o.Archived.IsZero() {
		return nil
	}
	if err := w.sim.Restore(of, id); err != nil {
		return err
	}
	return w.write(of, func(mark string) (string, error) {
		return id, w.sim.Set(of, map[string]string{hubspotNames[of]: "Restored " + mark}, id)
	})
}

func (w *hubspotPeople) merge() error {
	of := []string{"contacts", "companies"}[w.dice.n(2)]
	a, b := w.two(w.ids(of))
	if a == "" || len(w.ids(of)) < 4 {
		return nil
	}
	id, err := w.sim.Merge(of, a, b)
	if err != nil {
		return err
	}
	_, _ = w.lose(of, a, nil), w.lose(of, b, nil)
	return w.write(of, func(mark string) (string, error) {
		return id, w.sim.Set(of, map[string]string{hubspotNames[of]: "Merged " + mark}, id)
	})
}

func (w *hubspotPeople) associate() error {
	deal, company := w.pick(w.ids("deals")), w.pick(w.ids("companies"))
	if deal == "" || company == "" {
		return nil
	}
	w.note(entry{})
	return w.sim.Associate("deals", deal, "companies", company, 341)
}

// resignHubSpot signs with the secret that HubSpot's app has now.
func (d *day) resignHubSpot(req *http.Request, body []byte) {
	const stamp = "X-Hubspot-Request-Timestamp"
	if at := req.Header.Get(stamp); at != "" {
		req.Header.Set("X-Hubspot-Signature-V3", hubspottest.SignV3(d.hubspotKey(), req.Method, req.URL.String(), body, at))
	}
}
