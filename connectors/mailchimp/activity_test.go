package mailchimp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
)

// TestCampaignsHaveTheirReports: figures come with the campaigns, for one request a page; drafts have none.
func TestCampaignsHaveTheirReports(t *testing.T) {
	h := newHarness(t, nil)
	sent := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "News 1", Subject: "What is new", Recipients: 3, Sent: h.clock.Now().Add(-time.Hour)})
	draft := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "News 2", Subject: "Soon"})
	must(t, h.sim.AddEvent(sent, mailchimptest.Event{Address: "a@initech.example", Action: "open"}), h.sim.AddEvent(sent, mailchimptest.Event{Address: "b@initech.example", Action: "bounce", Kind: "soft"}))
	h.log.Reset()
	got := of("campaigns", open(t, h, "campaigns").drain(t))
	if says(got[sent], "report.opens.opens_total") != "1" || says(got[sent], "report.bounces.soft_bounces") != "1" || says(got[draft], "report") != "" {
		t.Errorf("got %s and %s", got[sent].Data, got[draft].Data)
	}
	if n := h.log.Totals().Requests; n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// TestActivityOfManyRecipients: every event of every recipient comes once, over pages of recipients and of events, and later
// passes bring what is new, for no more requests than there are campaigns with news.
func TestActivityOfManyRecipients(t *testing.T) {
	h := newHarness(t, nil)
	old := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "Old", Subject: "Old news", Recipients: 1200, Sent: h.clock.Now().Add(-20 * 24 * time.Hour)})
	quiet := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "Quiet", Subject: "Quiet", Recipients: 1, Sent: h.clock.Now().Add(-30 * 24 * time.Hour)})
	h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "Ancient", Subject: "Ancient", Recipients: 1, Sent: h.clock.Now().Add(-300 * 24 * time.Hour)})
	h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "Draft", Subject: "Draft"})
	for i := range 1200 {
		must(t, h.sim.AddEvent(old, mailchimptest.Event{Address: fmt.Sprintf("p%d@initech.example", i), Action: "open", At: h.clock.Now().Add(-10 * 24 * time.Hour)}))
	}
	for i := range 7000 { // a mail scanner
		must(t, h.sim.AddEvent(old, mailchimptest.Event{Address: "p3@initech.example", Action: "click", URL: fmt.Sprint("https://acme.example/", i), At: h.clock.Now().Add(-9 * 24 * time.Hour)}))
	}
	must(t, h.sim.AddEvent(quiet, mailchimptest.Event{Address: "p3@initech.example", Action: "bounce", Kind: "hard", At: h.clock.Now().Add(-29 * 24 * time.Hour)}))
	r := open(t, h, "email_activity")
	seen := map[string]int{}
	for _, rec := range r.drain(t) {
		seen[rec.Ref.ID]++
		if strings.Contains(rec.Ref.ID, "initech") || len(rec.Ref.ID) != 26 {
			t.Fatalf("the id %s is not opaque", rec.Ref.ID)
		}
	}
	if len(seen) != 8201 || len(r.got) != 8201 {
		t.Errorf("got %d events in %d records, want 8201, each once", len(seen), len(r.got))
	}
	h.clock.Advance(2 * time.Hour)
	r.drain(t)
	h.clock.Advance(2 * time.Hour)
	must(t, h.sim.AddEvent(quiet, mailchimptest.Event{Address: "p3@initech.example", Action: "open"}))
	h.log.Reset()
	got := r.drain(t)
	if len(got) != 1 || says(got[0], "action") != "open" || says(got[0], "email_address") != "p3@initech.example" || says(got[0], "campaign_id") != quiet || says(got[0], "subject") != "Quiet" {
		t.Errorf("got %d records %v, want the one that is new", len(got), got)
	}
	if n := h.log.Totals().Requests; n != 2 {
		t.Errorf("%d requests, want the reports and the one campaign", n)
	}
}

// TestBouncesOfNewCampaigns: no report tells when mail bounced, so campaigns of the last days are asked about anyway.
func TestBouncesOfNewCampaigns(t *testing.T) {
	h := newHarness(t, nil)
	id := h.sim.AddCampaign(mailchimptest.Campaign{List: h.list, Title: "New", Subject: "New", Recipients: 1, Sent: h.clock.Now().Add(-time.Minute)})
	r := open(t, h, "email_activity")
	r.drain(t)
	h.clock.Advance(3 * 24 * time.Hour)
	must(t, h.sim.AddEvent(id, mailchimptest.Event{Address: "p@initech.example", Action: "bounce", Kind: "hard"}))
	if got := r.drain(t); len(got) != 1 || says(got[0], "type") != "hard" {
		t.Errorf("got %v, want the bounce", got)
	}
}
