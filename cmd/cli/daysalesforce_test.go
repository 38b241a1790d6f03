package cli

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

var salesforceApp = salesforcetest.App{ClientID: "day-client", ClientSecret: "day-client-secret", ClientCredentials: true}

var salesforceNames = map[string]string{"Account": "Name", "Contact": "LastName", "Opportunity": "Name", "Case": "Subject"}

// salesforceParty is Salesforce, whose outbound messages are set up by a person.
func (d *day) salesforceParty(p *party) {
	sim := salesforcetest.New(salesforcetest.Options{Clock: p.clock, App: &salesforceApp, Send: p.wire.client()})
	sim.Seed(d.customers.Shared(sandbox.Share{Organization: even, Person: even, Deal: odd, Ticket: none}))
	sim.SetInstance("https://salesforce.example")
	d.world.Salesforce = sim
	d.cables.hosts["salesforce.example"] = sim.Handler()
	for of, name := range salesforceNames {
		sim.AddOutbound(salesforcetest.Outbound{Object: of, Fields: []string{name}, URL: publicAt + "/hooks/salesforce/" + pathKey})
		p.objects = append(p.objects, of)
	}
	slices.Sort(p.objects)
	p.send = func(ctx context.Context) error { _, err := sim.Send(ctx); return err }
	w := &salesforcePeople{party: p, sim: sim}
	p.acts = slices.Concat(often(4, w.set, w.create), often(1, w.remove, w.undelete, w.merge))
	p.live = func() map[string]map[string]string {
		list := map[string]map[string]string{}
		for of, name := range salesforceNames {
			for _, r := range sim.Rows(of) {
				list[of+"/"+r.ID] = map[string]string{name: text(r.Fields[name]), "Amount": text(r.Fields["Amount"])}
			}
		}
		return list
	}
}

// salesforcePeople work with Salesforce.
type salesforcePeople struct {
	*party
	sim    *salesforcetest.Server
	binned [][2]string
}

func (w *salesforcePeople) object() string {
	return w.objects[w.dice.n(len(w.objects))]
}

func (w *salesforcePeople) ids(object string) (list []string) {
	for _, r := range w.sim.Rows(object) {
		list = append(list, r.ID)
	}
	return list
}

func (w *salesforcePeople) set() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		id := w.pick(w.ids(of))
		if id == "" {
			return "", nil
		}
		in := map[string]any{salesforceNames[of]: "Changed " + mark}
		if of == "Opportunity" {
			in["Amount"] = float64(100 * w.dice.n(900))
		}
		return id, w.sim.Set(of, in, id)
	})
}

func (w *salesforcePeople) create() error {
	of := w.object()
	return w.write(of, func(mark string) (string, error) {
		in := map[string]any{salesforceNames[of]: "New " + mark}
		if of == "Opportunity" {
			in["StageName"], in["CloseDate"] = "Prospecting", "2027-01-31"
		}
		return w.sim.Create(of, in)
	})
}

func (w *salesforcePeople) remove() error {
	of := []string{"Opportunity", "Case"}[w.dice.n(2)]
	id := w.pick(w.ids(of))
	if id == "" || len(w.ids(of)) < 3 {
		return nil
	}
	w.binned = append(w.binned, [2]string{of, id})
	return w.lose(of, id, w.sim.Delete(of, id))
}

func (w *salesforcePeople) undelete() error {
	if len(w.binned) == 0 {
		return nil
	}
	of, id := w.binned[len(w.binned)-1][0], w.binned[len(w.binned)-1][1]
	w.binned = w.binned[:len(w.binned)-1]
	if err := w.sim.Undelete(of, id); err != nil {
		return err
	}
	return w.write(of, func(mark string) (string, error) {
		return id, w.sim.Set(of, map[string]any{salesforceNames[of]: "Restored " + mark}, id)
	})
}

func (w *salesforcePeople) merge() error {
	of := []string{"Account", "Contact"}[w.dice.n(2)]
	a, b := w.two(w.ids(of))
	if a == "" || len(w.ids(of)) < 4 {
		return nil
	}
	if err := w.lose(of, b, w.sim.Merge(of, a, b)); err != nil {
		return err
	}
	return w.write(of, func(mark string) (string, error) { // the merge stamps the winner, too
		return a, w.sim.Set(of, map[string]any{salesforceNames[of]: "Merged " + mark}, a)
	})
}

// asanaParty is Asana: what its webhooks tell is nothing that is read, and yet nobody may forge it.
func (d *day) asanaParty(p *party) {
	sim := asanatest.New(asanatest.Options{Now: p.clock.Now, Client: p.wire.client()})
	d.world.Asana = sim
	d.cables.hosts["asana.example"] = sim.Handler()
	human, err := sim.Human("ada@acme.example")
	if err != nil {
		d.t.Fatal(err)
	}
	_, sections := human.AddProject("Sales", "Open")
	p.send = func(ctx context.Context) error { _, err := sim.Deliver(ctx); return err }
	p.acts = often(1, func() error {
		p.note(entry{})
		if sim.AddTask(sections[0], "Call somebody") == "" {
			return errors.New("no task was made")
		}
		return nil
	})
	p.live = func() map[string]map[string]string { return nil }
	p.meddle = map[string]func() error{"deleted": func() error {
		id := d.asanaHook()
		if id == "" {
			return errNothing
		}
		return d.ask(http.MethodDelete, "https://asana.example/api/1.0/webhooks/"+id, "Authorization", "Bearer "+asanatest.DefaultToken, "")
	}}
}

// asanaHook returns the id of our webhook at Asana.
func (d *day) asanaHook() (id string) {
	body, err := d.get("https://asana.example/api/1.0/webhooks?limit=100&workspace="+d.world.Asana.Workspace(), "Authorization", "Bearer "+asanatest.DefaultToken)
	if err != nil {
		d.t.Error(err)
	}
	for _, one := range body.Get("data").Array() {
		if strings.HasPrefix(one.Get("target").String(), publicAt) {
			id = one.Get("gid").String()
		}
	}
	return id
}
