package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// pathKey is the secret at the end of an address.
const pathKey = "a-long-secret-at-the-end-of-the-path"

// mailchimpParty is Mailchimp: two audiences, each with a webhook of its own.
func (d *day) mailchimpParty(p *party) {
	sim := mailchimptest.New(mailchimptest.Options{Clock: p.clock, Deliver: p.wire.client()})
	sim.Seed(d.customers.Shared(sandbox.Share{Organization: none, Person: even, Deal: none, Ticket: none}))
	lists := []string{sim.CreateList("News"), sim.CreateList("Trade")}
	d.world.Mailchimp = sim
	d.cables.hosts["mailchimp.example"] = sim.Handler()
	p.objects = []string{"members"}
	p.send = func(ctx context.Context) error { _, err := sim.Deliver(ctx); return err }
	ids := func(status ...string) (list []string) {
		for _, r := range sim.Members() {
			if slices.Contains(status, r.Status) {
				list = append(list, r.ID)
			}
		}
		slices.Sort(list) // they come from a map
		return list
	}
	change := func(in mailchimptest.Member, status ...string) error {
		return p.write("members", func(mark string) (string, error) {
			id := p.pick(ids(status...))
			if in.First = mark; id == "" {
				return "", nil
			}
			if in.Email != "" {
				in.Email = "m" + strings.Trim(mark, "~") + "@moved.example"
			}
			return id, sim.Set(in, id)
		})
	}
	create := func() error {
		return p.write("members", func(mark string) (string, error) {
			return sim.Create(lists[p.dice.n(2)], mailchimptest.Member{Email: "m" + strings.Trim(mark, "~") + "@list.example", Status: "subscribed", First: mark})
		})
	}
	set := func() error { return change(mailchimptest.Member{}, "subscribed") }
	leave := func() error { return change(mailchimptest.Member{Status: "unsubscribed"}, "subscribed") }
	move := func() error { return change(mailchimptest.Member{Email: "?"}, "subscribed") }
	remove := func() error {
		id := p.pick(ids("unsubscribed"))
		if id == "" {
			return nil
		}
		return p.lose("members", id, sim.Delete(id))
	}
	p.acts = slices.Concat(often(4, set, create), often(1, leave, move, remove))
	p.live = func() map[string]map[string]string {
		list := map[string]map[string]string{}
		for _, r := range sim.Members() {
			list["members/"+r.ID] = map[string]string{"email_address": r.Email, "status": r.Status}
		}
		return list
	}
	p.meddle = map[string]func() error{"deleted": func() error {
		hooks := sim.Webhooks()
		if len(hooks) == 0 {
			return errNothing
		}
		sim.Unsubscribe(hooks[p.dice.n(len(hooks))].ID)
		return nil
	}}
}

var activecampaignNames = map[string]string{"contacts": "firstName", "deals": "title", "accounts": "name"}

// activecampaignParty is ActiveCampaign, which sends everything once.
func (d *day) activecampaignParty(p *party) {
	sim := activecampaigntest.New(activecampaigntest.Options{Clock: p.clock, Deliver: p.wire.client()})
	sim.Seed(d.customers.Shared(sandbox.Share{Organization: none, Person: odd, Deal: none, Ticket: none}))
	d.world.ActiveCampaign = sim
	d.cables.hosts["activecampaign.example"] = sim.Handler()
	p.objects = []string{"contacts", "deals"}
	p.send = func(ctx context.Context) error { _, err := sim.Deliver(ctx); return err }
	ids := func(object string) (list []string) {
		for _, r := range sim.Rows(object) {
			list = append(list, r.ID)
		}
		return list
	}
	object := func() string { return []string{"contacts", "deals", "accounts"}[p.dice.n(3)] }
	set := func() error {
		of := object()
		return p.write(of, func(mark string) (string, error) {
			id := p.pick(ids(of))
			if id == "" {
				return "", nil
			}
			return id, sim.Set(of, map[string]any{activecampaignNames[of]: "Changed " + mark}, id)
		})
	}
	create := func() error {
		of := object()
		return p.write(of, func(mark string) (string, error) {
			in := map[string]any{activecampaignNames[of]: "New " + mark}
			switch of {
			case "contacts":
				in["email"] = "a" + strings.Trim(mark, "~") + "@active.example"
			case "deals":
				in["value"], in["currency"], in["status"] = 100*p.dice.n(1000), "eur", 0
				in["contact"], in["group"], in["stage"], in["owner"] = p.pick(ids("contacts")), ids("dealGroups")[0], ids("dealStages")[0], "1"
			}
			return sim.Create(of, in)
		})
	}
	remove := func() error {
		of := object()
		id := p.pick(ids(of))
		if id == "" || len(ids(of)) < 4 {
			return nil
		}
		return p.lose(of, id, sim.Delete(of, id))
	}
	p.acts = slices.Concat(often(4, set, create), often(1, remove))
	p.live = func() map[string]map[string]string {
		list := map[string]map[string]string{}
		for of, name := range activecampaignNames {
			for _, r := range sim.Rows(of) {
				list[of+"/"+r.ID] = map[string]string{name: r.Text(name), "email": r.Text("email"), "value": r.Text("value")}
			}
		}
		return list
	}
	d.meddleActiveCampaign(p, sim)
}

// meddleActiveCampaign is what people do to a webhook.
func (d *day) meddleActiveCampaign(p *party, sim *activecampaigntest.Server) {
	ours := func() string {
		for _, w := range sim.Webhooks() {
			if strings.HasPrefix(w.URL, publicAt) {
				return w.ID
			}
		}
		return ""
	}
	p.meddle = map[string]func() error{"deleted": func() error {
		id := ours()
		if id == "" {
			return errNothing
		}
		return d.ask(http.MethodDelete, "https://activecampaign.example/api/3/webhooks/"+id, "Api-Token", activecampaigntest.DefaultToken, "")
	}}
}
