package world

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// sourceLine begins the line of a task's description that names the vendor's record it shows, as the built-in rules
// write it.
const sourceLine = "Source: "

// hubIDField is the custom field by which a task is found again with a personal token.
const hubIDField = "Hub ID"

// Audit asks the vendors, not the ledger, what is missing and what is there twice: every deal, ticket, company and
// contact without a company must be the source of exactly one task.
func (w *World) Audit() (missing, duplicates int) {
	shown := map[string]int{} // object/id -> tasks
	for _, task := range w.Asana.Tasks() {
		for _, ref := range sources(task.Notes) {
			shown[ref]++
		}
	}
	for _, want := range w.expected() {
		switch n := shown[want]; {
		case n == 0:
			missing++
		case n > 1:
			duplicates += n - 1
		}
	}
	for _, group := range w.Asana.Duplicates(hubIDField) {
		duplicates += len(group) - 1
	}
	return missing, duplicates
}

// sources returns object/id of the records a description names; the connection's name does not matter here.
func sources(notes string) []string {
	var refs []string
	for line := range strings.Lines(notes) {
		if ref, ok := strings.CutPrefix(strings.TrimSpace(line), sourceLine); ok {
			ref, _, _ = strings.Cut(ref, " ") // the page's address follows
			if _, rest, ok := strings.Cut(ref, "/"); ok {
				refs = append(refs, strings.TrimSpace(rest))
			}
		}
	}
	return refs
}

// expected returns object/id of every HubSpot record that must have a task.
func (w *World) expected() []string {
	var list []string
	for _, object := range []string{"companies", "deals", "tickets"} {
		for _, o := range w.HubSpot.Objects(object) {
			list = append(list, object+"/"+o.ID)
		}
	}
	for _, o := range w.HubSpot.Objects("contacts") {
		if len(w.HubSpot.Linked("contacts", o.ID, "companies")) == 0 {
			list = append(list, "contacts/"+o.ID)
		}
	}
	return list
}

// Calls returns how many requests each vendor has answered.
func (w *World) Calls() map[string]int64 {
	calls := map[string]int64{}
	for name, log := range w.Log {
		calls[name] = int64(log.Totals().Requests)
	}
	return calls
}

// Change does one thing that people do in a CRM, and says what.
func (w *World) Change(rng *rand.Rand) (string, error) {
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
			amount := fmt.Sprint(1000 * (1 + rng.IntN(90)))
			return "deal " + deal.ID + ": amount is now " + amount, w.HubSpot.Set("deals", map[string]string{"amount": amount}, deal.ID)
		}
	case n < 7:
		if deal, ok := pick("deals"); ok {
			stage := []string{"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent", "closedwon"}[rng.IntN(5)]
			return "deal " + deal.ID + ": stage is now " + stage, w.HubSpot.Set("deals", map[string]string{"dealstage": stage}, deal.ID)
		}
	case n < 8:
		if company, ok := pick("companies"); ok {
			name := strings.TrimSuffix(company.Properties["name"], " Group") + " Group"
			return "company " + company.ID + ": new name, also in the titles of its deals", w.HubSpot.Set("companies", map[string]string{"name": name}, company.ID)
		}
	}
	id, err := w.HubSpot.Create("tickets", map[string]string{"subject": "Question " + fmt.Sprint(rng.IntN(1000)), "hs_pipeline": "0", "hs_pipeline_stage": "1"})
	return "ticket " + id + ": new", err
}
