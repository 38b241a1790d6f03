package canonical

import (
	"fmt"
	"testing"
)

// The default stages of vendors, model 3.6.
func TestStageKindsOfVendors(t *testing.T) {
	for label, want := range map[string]string{
		"Prospecting": LeadGeneration, "Qualification": Qualification, "Needs Analysis": Qualification,
		"Value Proposition": InitialContact, "Id. Decision Makers": InitialContact, "Perception Analysis": InitialContact,
		"Proposal/Price Quote": Proposal, "Negotiation/Review": Negotiation, "Closed Won": Won, "Closed Lost": Lost,
		"Renewal talk": Negotiation, // the last of two open stages: "new" is not one of its words
	} {
		stages := []Stage{{ID: "x", Name: "X"}, {ID: label, Name: label}}
		if Classify(stages); stages[1].Kind != want {
			t.Errorf("Salesforce's %s is %s, want %s", label, stages[1].Kind, want)
		}
	}
	hubspot := []Stage{{ID: "appointmentscheduled", Name: "Termin"}, {ID: "qualifiedtobuy"}, {ID: "presentationscheduled"},
		{ID: "decisionmakerboughtin"}, {ID: "contractsent"}, {ID: "closedwon", Closed: true, Won: true}, {ID: "closedlost", Closed: true}}
	Classify(hubspot)
	for i, want := range []string{InitialContact, Qualification, InitialContact, Proposal, Negotiation, Won, Lost} {
		if hubspot[i].Kind != want {
			t.Errorf("HubSpot's %s is %s, want %s", hubspot[i].ID, hubspot[i].Kind, want)
		}
	}
}

func TestClosedFlagsAndOverridesDecideFirst(t *testing.T) {
	stages := []Stage{{ID: "a", Name: "Proposal", Closed: true}, {ID: "b", Name: "Lead", Closed: true, Won: true}, {ID: "c", Name: "Demo", Kind: "other"}}
	Classify(stages)
	for i, want := range []string{Lost, Won, OtherStage} {
		if stages[i].Kind != want {
			t.Errorf("stage %s is %s, want %s", stages[i].ID, stages[i].Kind, want)
		}
	}
}

func TestUnknownPipelinesGoByPlace(t *testing.T) {
	for open, want := range map[int]string{1: "[qualification]", 2: "[qualification negotiation]", 3: "[qualification initial_contact negotiation]",
		6: "[qualification qualification initial_contact proposal proposal negotiation]"} {
		stages := make([]Stage, open)
		var got []string
		for i := range stages {
			stages[i] = Stage{ID: fmt.Sprint(700 + i), Name: fmt.Sprint("Étape ", i)}
		}
		Classify(stages)
		for _, s := range stages {
			got = append(got, s.Kind)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d stages: got %v, want %s", open, got, want)
		}
	}
}

func TestTicketStatuses(t *testing.T) {
	for word, want := range map[string]string{"new": "new", "open": "open", "pending": "pending", "hold": "on_hold", "solved": "solved", "closed": "closed",
		"1": "new", "2": "pending", "3": "open", "4": "closed", "New": "new", "Waiting on contact": "pending", "Waiting on us": "open",
		"Working": "open", "Escalated": "open", "Closed": "closed", "Frobnicated": ""} {
		got, escalated, ok := TicketStatus(word)
		if got != want || ok != (want != "") || escalated != (word == "Escalated") {
			t.Errorf("%s is %q (known %v, escalated %v), want %q", word, got, ok, escalated, want)
		}
	}
	stages := []Stage{{ID: "71", Name: "Triage"}, {ID: "72", Name: "Waiting on contact"}, {ID: "73", Name: "Fixing"}, {ID: "74", Name: "Gone", Closed: true}}
	ClassifyTickets(stages)
	for i, want := range []string{"new", "pending", "open", "closed"} {
		if stages[i].Kind != want {
			t.Errorf("ticket stage %s is %s, want %s", stages[i].Name, stages[i].Kind, want)
		}
	}
	for word, want := range map[string]string{"0": "open", "1": "won", "2": "lost", "Closed Won": "won"} {
		if got, ok := DealStatus(word); got != want || !ok {
			t.Errorf("deal status %s is %q, want %q", word, got, want)
		}
	}
}
