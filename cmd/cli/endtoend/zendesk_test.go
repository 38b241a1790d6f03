package endtoend

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// zendesk adds a Zendesk account as the connection zd, whose users' external ids are ids of HubSpot contacts.
func (v *vendors) zendesk() (*zendesktest.Server, *sandbox.Clock) {
	v.t.Helper()
	clock := sandbox.NewClock(time.Now().Add(-time.Hour))
	sim := zendesktest.New(zendesktest.Options{Clock: clock})
	v.extra += fmt.Sprintf("  zd: {connector: zendesk, subdomain: acme, token: %s, base_url: %q, external_id_namespace: \"hubspot:contacts\", "+
		"requests_per_minute: 600000, exports_per_minute: 600000}\n", zendesktest.DefaultToken, v.listen(sim.Handler()))
	return sim, clock
}

// TestZendeskCustomerAcrossSystems: a user whose external id is that of a HubSpot contact is that contact, whatever the
// addresses say; a further organization is theirs too, and no customer of its own; agents are no customers.
func TestZendeskCustomerAcrossSystems(t *testing.T) {
	v := start(t)
	sim, clock := v.zendesk()
	contact := v.create("contacts", map[string]string{"firstname": "Ana", "lastname": "Novak", "email": "ana@novak.example"})
	make := func(object string, fields map[string]any) string {
		id, err := sim.Create(object, fields)
		v.ok(err)
		return id
	}
	first, second := make("organizations", map[string]any{"name": "Zidar"}), make("organizations", map[string]any{"name": "Most"})
	user := make("users", map[string]any{"name": "A. Novak", "email": "novak@zidar.example", "external_id": contact, "organization_id": json.Number(first)})
	member := make("organization_memberships", map[string]any{"user_id": json.Number(user), "organization_id": json.Number(second)})
	make("tickets", map[string]any{"subject": "It burns", "requester_id": json.Number(user), "comment": map[string]any{"body": "Help"}})
	make("users", map[string]any{"name": "Agent", "role": "agent", "email": "agent@acme.example"})
	clock.Advance(5 * time.Minute)
	if s := v.backfill(); s.Customers != 3 || s.Records.Dead != 0 {
		t.Errorf("got %d customers and %d dead letters, want Ana and two organizations", s.Customers, s.Records.Dead)
	}
	o := v.millrace("customer", "show", "zd/users/"+user, "--json")
	for _, want := range []string{"hubspot/contacts/" + contact, "zd/users/" + user, "zd/organization_memberships/" + member, "Ana", "novak@zidar.example"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("the customer has no %s:\n%s%s", want, o.out, o.err)
		}
	}

	// The user is deleted for good: what Zendesk said goes, the contact stays.
	v.ok(sim.DeleteForever("users", user))
	clock.Advance(5 * time.Minute)
	v.backfill()
	o = v.millrace("customer", "show", "hubspot/contacts/"+contact, "--json")
	if !strings.Contains(o.out, "ana@novak.example") || strings.Contains(o.out, "novak@zidar.example") {
		t.Errorf("after the deletion in Zendesk:\n%s%s", o.out, o.err)
	}
}

// TestZendeskMerge: only a webhook knows where a merged user went. The two customers become one, and neither the polls nor
// the deletion that they show of the loser undo it.
func TestZendeskMerge(t *testing.T) {
	v := start(t)
	sim, clock := v.zendesk()
	user := func(name string) string {
		id, err := sim.Create("users", map[string]any{"name": name, "email": strings.ToLower(name) + "@novak.example"})
		v.ok(err)
		return id
	}
	winner := user("Ana")
	for _, pollFirst := range []bool{false, true} {
		loser := user(fmt.Sprintf("Anna%t", pollFirst))
		clock.Advance(5 * time.Minute)
		v.backfill()
		v.ok(sim.MergeUsers(winner, loser))
		at := clock.Now()
		clock.Advance(5 * time.Minute)
		if pollFirst {
			v.backfill()
		}
		h := v.open()
		body := fmt.Sprintf(`{"type":"zen:event-type:user.merged","account_id":1,"id":"x","time":%q,"subject":"zen:user:%s","detail":{"id":%q},"event":{"user":{"id":%q}}}`,
			at.UTC().Format(time.RFC3339), loser, loser, winner)
		hints, err := h.opened["zd"].(connectors.Webhook).Parse(connectors.Delivery{Body: []byte(body)})
		v.ok(err)
		v.ok(h.router.Hint(t.Context(), hints))
		h.settle()
		h.settle()
		h.stop()
		v.backfill()
		o := v.millrace("customer", "show", "zd/users/"+loser, "--json")
		if !strings.Contains(o.out, "zd/users/"+winner) || !strings.Contains(o.out, "Ana") {
			t.Errorf("poll first: %v: the loser is not part of the winner:\n%s%s", pollFirst, o.out, o.err)
		}
	}
}

// TestZendeskHistoryOfATicket: what a ticket was before it was first read, and between two polls, is in its history with
// Zendesk's own times, once, however the streams take turns and however often they are read. Without the events it is not.
func TestZendeskHistoryOfATicket(t *testing.T) {
	v := start(t)
	sim, clock := v.zendesk()
	clock.Freeze()
	user, err := sim.Create("users", map[string]any{"name": "Ana", "email": "ana@novak.example"})
	v.ok(err)
	ticket, err := sim.Create("tickets", map[string]any{"subject": "It burns", "requester_id": json.Number(user), "priority": "low", "comment": map[string]any{"body": "Help"}})
	v.ok(err)
	step := func(fields map[string]any) string {
		clock.Advance(time.Minute)
		v.ok(sim.Set("tickets", fields, ticket))
		return clock.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	opened := step(map[string]any{"status": "open"})
	held := step(map[string]any{"status": "hold"})
	clock.Advance(5 * time.Minute)
	v.backfill()
	if o := v.millrace("customer", "history", "zd/tickets/"+ticket, "--json"); strings.Contains(o.out, `"value":"open"`) {
		t.Errorf("without its events:\n%s", o.out)
	}

	v.extra = strings.Replace(v.extra, "connector: zendesk,", "connector: zendesk, streams: [users, tickets, ticket_events],", 1)
	v.backfill()
	pending, back := step(map[string]any{"status": "pending", "priority": "high"}), step(map[string]any{"status": "open"})
	solved := step(map[string]any{"status": "solved"})
	clock.Advance(5 * time.Minute)
	v.backfill()
	v.backfill()
	o := v.millrace("customer", "history", "zd/tickets/"+ticket, "--json", "--field", "status")
	var got []string
	for line := range strings.Lines(o.out) {
		var s struct{ Type, Value, From, Until string }
		v.ok(json.Unmarshal([]byte(line), &s))
		if s.Type == "stay" {
			got = append(got, s.Value+" "+s.From)
		}
	}
	want := []string{"open " + opened, "on_hold " + held, "pending " + pending, "open " + back, "solved " + solved}
	if len(got) != 6 || !strings.HasPrefix(got[0], "new ") || fmt.Sprint(got[1:]) != fmt.Sprint(want) {
		t.Errorf("got the statuses %v, want new and %v\n%s%s", got, want, o.out, o.err)
	}
	var shown struct{ Timeline []struct{ At, What string } }
	o = v.millrace("customer", "show", "zd/tickets/"+ticket, "--json")
	v.ok(json.Unmarshal([]byte(o.out), &shown))
	if timeline := fmt.Sprint(shown.Timeline); !strings.Contains(timeline, "{"+pending+" status pending}") || !strings.Contains(timeline, "{"+pending+" priority high}") {
		t.Errorf("the ticket's timeline: %s", timeline)
	}
	if o := v.millrace("customer", "history", "zd/tickets/"+ticket, "--field", "priority"); strings.Count(o.out, "priority  ") < 2 || !strings.Contains(o.out, "until ") {
		t.Errorf("the history of its priority:\n%s%s", o.out, o.err)
	}
}
