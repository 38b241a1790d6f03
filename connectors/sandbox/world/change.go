package world

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// Change does one thing that people do in one of the tools, and says what.
func (w *World) Change(rng *rand.Rand) (string, error) {
	var tools []func(*rand.Rand) (string, error)
	if w.HubSpot != nil {
		tools = append(tools, w.changeHubSpot)
	}
	if w.Salesforce != nil {
		tools = append(tools, w.changeSalesforce)
	}
	if w.Zendesk != nil {
		tools = append(tools, w.changeZendesk)
	}
	if w.Mailchimp != nil && len(w.Mailchimp.Members()) > 0 {
		tools = append(tools, w.changeMailchimp)
	}
	if w.ActiveCampaign != nil && len(w.ActiveCampaign.Rows("contacts")) > 0 {
		tools = append(tools, w.changeActiveCampaign)
	}
	if w.IMAP != nil && w.HubSpot != nil {
		tools = append(tools, w.writeMail)
	}
	if len(tools) == 0 {
		return "nobody works in any tool", nil
	}
	return tools[rng.IntN(len(tools))](rng)
}

func (w *World) changeHubSpot(rng *rand.Rand) (string, error) {
	pick := func(object string) (hubspottest.Object, bool) {
		list := w.HubSpot.Objects(object)
		if len(list) == 0 {
			return hubspottest.Object{}, false
		}
		return list[rng.IntN(len(list))], true
	}
	switch n := rng.IntN(10); {
	case n < 4:
		if deal, ok := pick("deals"); ok {
			amount := price(rng)
			return "HubSpot deal " + deal.ID + ": amount is now " + amount, w.HubSpot.Set("deals", map[string]string{"amount": amount}, deal.ID)
		}
	case n < 7:
		if deal, ok := pick("deals"); ok {
			stage := []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon"}[rng.IntN(5)]
			return "HubSpot deal " + deal.ID + ": stage is now " + stage, w.HubSpot.Set("deals", map[string]string{"dealstage": stage}, deal.ID)
		}
	case n < 8:
		if company, ok := pick("companies"); ok {
			name := strings.TrimSuffix(company.Properties["name"], " Group") + " Group"
			return "HubSpot company " + company.ID + ": new name, also in the titles of its deals", w.HubSpot.Set("companies", map[string]string{"name": name}, company.ID)
		}
	}
	id, err := w.HubSpot.Create("tickets", map[string]string{"subject": "Question " + fmt.Sprint(rng.IntN(1000)), "hs_pipeline": "0", "hs_pipeline_stage": "1"})
	return "HubSpot ticket " + id + ": new", err
}

func price(rng *rand.Rand) string { return fmt.Sprint(1000 * (1 + rng.IntN(90))) }

func (w *World) changeSalesforce(rng *rand.Rand) (string, error) {
	deals := w.Salesforce.Rows("Opportunity")
	if len(deals) == 0 {
		id, err := w.Salesforce.Create("Account", map[string]any{"Name": "New Account " + fmt.Sprint(rng.IntN(1000))})
		return "Salesforce account " + id + ": new", err
	}
	id := deals[rng.IntN(len(deals))].ID
	if rng.IntN(2) == 0 {
		amount := 1000 * (1 + rng.IntN(90))
		return fmt.Sprintf("Salesforce opportunity %s: amount is now %d", id, amount), w.Salesforce.Set("Opportunity", map[string]any{"Amount": float64(amount)}, id)
	}
	stage := []string{"Prospecting", "Qualification", "Proposal/Price Quote", "Negotiation/Review", "Closed Won"}[rng.IntN(5)]
	return "Salesforce opportunity " + id + ": stage is now " + stage, w.Salesforce.Set("Opportunity", map[string]any{"StageName": stage}, id)
}

func (w *World) changeZendesk(rng *rand.Rand) (string, error) {
	var customers, tickets []string
	for _, u := range w.Zendesk.Rows("users") {
		if u.Fields["role"] == "end-user" {
			customers = append(customers, u.ID)
		}
	}
	for _, t := range w.Zendesk.Rows("tickets") {
		if t.Fields["status"] != "closed" { // which nobody can change any more
			tickets = append(tickets, t.ID)
		}
	}
	if len(tickets) > 0 && rng.IntN(2) == 0 {
		id := tickets[rng.IntN(len(tickets))]
		status := []string{"open", "pending", "hold", "solved"}[rng.IntN(4)]
		return "Zendesk ticket " + id + ": is now " + status, w.Zendesk.Set("tickets", map[string]any{"status": status}, id)
	}
	fields := map[string]any{"subject": "Question " + fmt.Sprint(rng.IntN(1000)), "description": "Please call me back.", "status": "new", "priority": "urgent"}
	if len(customers) > 0 {
		fields["requester_id"] = customers[rng.IntN(len(customers))]
	}
	id, err := w.Zendesk.Create("tickets", fields)
	return "Zendesk ticket " + id + ": new and urgent", err
}
