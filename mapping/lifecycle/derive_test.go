package lifecycle

import (
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var builtin = &Settings{}

func day1(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

var now = day1("2026-11-22")

func says(ref, word string, at ...string) Claim { return claimOf(OfStage, ref, word, at...) }

func claimOf(kind ClaimKind, ref, word string, at ...string) Claim {
	c := Claim{Source: ref, Kind: kind, Value: word}
	if len(at) > 0 {
		c.At = day1(at[0])
	}
	return c
}

// Every row of model 3.5: evidence and stage.
func TestEveryKindOfEvidence(t *testing.T) {
	claim := func(c Claim) Evidence { return Evidence{Claims: []Claim{c}} }
	contact := func(kind, direction string) Evidence {
		return Evidence{Owned: true, Contacts: []Contact{{Source: "x/i/1", Kind: kind, Direction: direction, At: now}}}
	}
	team := &Settings{Score: 50, Requesters: []string{"zd"}, Outreach: true, Inbound: true, Statuses: map[string]map[string]string{"sf": {"nurture": MQL}}}
	for _, test := range []struct {
		name string
		s    *Settings
		e    Evidence
		want string
	}{
		{"nothing", builtin, Evidence{}, ""},
		{"Mailchimp subscribed", builtin, claim(says("mc/members/1", "subscribed")), Subscriber},
		{"Mailchimp pending", builtin, claim(says("mc/members/1", "pending")), Visitor},
		{"Pardot visitor", builtin, claim(says("pd/visitors/1", "Visitor")), Visitor},
		{"Salesforce open lead", builtin, claim(claimOf(OfStatus, "sf/Lead/1", "open_-_not_contacted")), Lead},
		{"Salesforce lead worked on", builtin, claim(claimOf(OfStatus, "sf/Lead/1", "Working - Contacted")), Lead},
		{"HubSpot lead", builtin, claim(says("hs/contacts/1", "lead")), Lead},
		{"form", builtin, contact("form_submission", "inbound"), Lead},
		{"mail from outside, not an option", builtin, contact("email", "inbound"), ""},
		{"mail from outside", team, contact("email", "inbound"), Lead},
		{"fit alone", builtin, Evidence{ICP: true}, ""},
		{"fit with authority", builtin, Evidence{ICP: true, Authority: true}, Prospect},
		{"Pardot prospect", builtin, claim(says("pd/prospects/1", "Prospect")), Prospect},
		{"HubSpot mql", builtin, claim(says("hs/contacts/1", "marketingqualifiedlead")), MQL},
		{"Pardot MQL", builtin, claim(says("pd/prospects/1", "MQL")), MQL},
		{"score below", team, Evidence{Score: 49}, ""},
		{"score", team, Evidence{Score: 50}, MQL},
		{"configured lead status", team, claim(claimOf(OfStatus, "sf/Lead/1", "Nurture")), MQL},
		{"the same elsewhere", team, claim(claimOf(OfStatus, "other/Lead/1", "Nurture")), ""},
		{"Salesforce converted", builtin, claim(claimOf(OfStatus, "sf/Lead/1", "closed_-_converted")), SQL},
		{"HubSpot sql", builtin, claim(says("hs/contacts/1", "salesqualifiedlead")), SQL},
		{"Pardot SQL", builtin, claim(says("pd/prospects/1", "SQL")), SQL},
		{"outbound call, not an option", builtin, contact("call", "outbound"), ""},
		{"outbound call", team, contact("call", "outbound"), SQL},
		{"open deal", builtin, Evidence{Sales: []Sale{{Source: "hs/deals/1", Status: "open"}}}, Opportunity},
		{"lost deal", builtin, Evidence{Sales: []Sale{{Source: "hs/deals/1", Status: "lost"}}}, Opportunity},
		{"HubSpot opportunity", builtin, claim(says("hs/contacts/1", "opportunity")), Opportunity},
		{"won deal", builtin, Evidence{Sales: []Sale{{Source: "hs/deals/1", Status: "won"}}}, Customer},
		{"order", builtin, Evidence{Purchases: []Purchase{{Source: "x/o/1", Kind: "order"}}}, Customer},
		{"refund", builtin, Evidence{Purchases: []Purchase{{Source: "x/o/1", Kind: "refund"}}}, ""},
		{"Salesforce Account.Type", builtin, claim(claimOf(OfKind, "sf/Account/1", "Customer - Direct")), Customer},
		{"HubSpot customer", builtin, claim(says("hs/contacts/1", "customer")), Customer},
		{"ticket", builtin, Evidence{Requests: []Request{{Source: "zd/tickets/1"}}}, ""},
		{"ticket where requesters are customers", team, Evidence{Requests: []Request{{Source: "zd/tickets/1"}}}, Customer},
		{"ticket elsewhere", team, Evidence{Requests: []Request{{Source: "hs/tickets/1"}}}, ""},
		{"two deals on a day", builtin, Evidence{Sales: []Sale{won("1", "2025-01-01"), won("2", "2025-01-01")}}, Customer},
		{"two deals on two days", builtin, Evidence{Sales: []Sale{won("1", "2025-01-01"), won("2", "2025-01-02")}}, Repeat},
		{"a deal and an order", builtin, Evidence{Sales: []Sale{won("1", "2025-01-01")}, Purchases: []Purchase{bought("order", "2025-03-01")}}, Repeat},
		{"an order and its payment", builtin, Evidence{Purchases: []Purchase{bought("order", "2025-01-01"), bought("payment", "2025-01-15")}}, Customer},
		{"two payments", builtin, Evidence{Purchases: []Purchase{bought("payment", "2025-01-01"), bought("payment", "2025-02-01")}}, Repeat},
		{"HubSpot evangelist", builtin, claim(says("hs/contacts/1", "evangelist")), Advocate},
		{"referral", builtin, contact("referral", "inbound"), Advocate},
		{"review", builtin, contact("review", "inbound"), Advocate},
		{"Salesforce not converted", builtin, claim(claimOf(OfStatus, "sf/Lead/1", "closed_-_not_converted")), Disqualified},
		{"HubSpot unqualified", builtin, claim(claimOf(OfStatus, "hs/contacts/1", "unqualified")), Disqualified},
		{"HubSpot other", builtin, claim(says("hs/contacts/1", "other")), Other},
		{"partner", builtin, claim(claimOf(OfKind, "sf/Account/1", "partner")), Partner},
		{"an option nobody knows", builtin, claim(says("hs/contacts/1", "1429384")), ""},
	} {
		got := test.s.Derive(&test.e, now)
		if got.Stage != test.want {
			t.Errorf("%s: got %q (%+v), want %q", test.name, got.Stage, got.Why, test.want)
		}
	}
}

func won(id, on string) Sale {
	return Sale{Source: "hs/deals/" + id, Status: "won", Opened: day1("2024-12-01"), Closed: day1(on)}
}

func bought(kind, on string) Purchase {
	return Purchase{Source: "shop/" + kind + "/1", Kind: kind, At: day1(on)}
}

func TestViews(t *testing.T) {
	stage := func(word string) Evidence {
		return Evidence{Claims: []Claim{says("hs/contacts/1", word, "2025-01-01")}}
	}
	heard := Evidence{Sales: []Sale{won("1", "2025-01-01")}, Contacts: []Contact{{Kind: "call", At: day1("2025-02-01")}}}
	lost := Evidence{Sales: []Sale{{Status: "lost"}}}
	side := func(word string) Evidence {
		return Evidence{Claims: []Claim{says("hs/contacts/1", "salesqualifiedlead", "2025-01-01"), claimOf(OfStatus, "hs/contacts/1", word, "2025-02-01")}}
	}
	for want, e := range map[string]Evidence{
		"lead cold awareness reach":            {},
		"lead cold awareness reach ":           stage("visitor"),
		"lead cold interest engage":            stage("subscriber"),
		"lead cold interest engage ":           stage("lead"),
		"prospect cold consideration engage":   {ICP: true, Authority: true},
		"lead mql consideration engage":        stage("mql"),
		"prospect mql consideration engage":    {ICP: true, Authority: true, Claims: stage("mql").Claims},
		"prospect sql decision convert":        stage("sql"),
		"opportunity sql decision convert":     {Sales: []Sale{{Status: "open"}}},
		"opportunity sql decision convert ":    lost,
		"contact cold action convert":          {Sales: []Sale{won("1", "2025-01-01")}},
		"contact cold action convert ":         stage("customer"),
		"contact cold retention retain":        heard,
		"contact cold retention loyalty":       {Sales: []Sale{won("1", "2025-01-01"), won("2", "2025-04-01")}},
		"contact cold advocacy loyalty":        stage("evangelist"),
		"lead cold awareness reach, no longer": side("unqualified"),
	} {
		s := builtin.Derive(&e, now)
		got := fmt.Sprintf("%s %s %s %s", s.Category, s.Temperature, s.Journey, s.CRMCycle)
		if want, _, _ = strings.Cut(want, ","); got != strings.TrimSpace(want) {
			t.Errorf("%+v: got %s, want %s", e, got, want)
		}
	}
}

func TestEnteredIsTheEarliestEvidenceAndNothingIsImputed(t *testing.T) {
	e := Evidence{Claims: []Claim{says("hs/contacts/1", "lead", "2025-04-02"), says("hs/contacts/1", "lead", "2025-04-09"),
		says("hs/contacts/1", "customer", "2025-06-01"), says("sf/Lead/7", "lead", "2025-04-03"), says("sf/Lead/8", "mql")},
		Sales: []Sale{{Source: "hs/deals/1", Status: "won", Closed: day1("2025-05-02")}}}
	s := builtin.Derive(&e, now)
	want := map[string]time.Time{Lead: day1("2025-04-02"), Customer: day1("2025-05-02")}
	if !reflect.DeepEqual(s.EnteredAt, want) || !s.Since.Equal(day1("2025-05-02")) {
		t.Errorf("entered %v since %v, want %v: no mql or opportunity without a time, the deal before the claim", s.EnteredAt, s.Since, want)
	}
	if fmt.Sprint(s.Sources) != "[hs/contacts/1 hs/deals/1]" {
		t.Errorf("sources %v, want the contact and the deal", s.Sources)
	}
}

func TestRatchet(t *testing.T) {
	was := Claim{Source: "hs/contacts/1", Value: "customer", At: day1("2025-01-01"), Past: true}
	is := says("hs/contacts/1", "lead", "2025-02-01")
	s := builtin.Derive(&Evidence{Claims: []Claim{was, is}}, now)
	if s.Stage != Customer || !s.Since.Equal(was.At) {
		t.Errorf("a customer whose source says lead now is %s since %v, want a customer still", s.Stage, s.Since)
	}
	if s = builtin.Derive(&Evidence{Claims: []Claim{is}}, now); s.Stage != Lead {
		t.Errorf("without the only record that said customer: %s, want lead", s.Stage)
	}
	past := Claim{Source: "hs/contacts/1", Value: "other", Past: true, At: day1("2025-01-01")}
	if s = builtin.Derive(&Evidence{Claims: []Claim{past, is}}, now); s.Stage != Lead {
		t.Errorf("one who was beside the ladder: %s, want lead", s.Stage)
	}
}

func TestManual(t *testing.T) {
	e := Evidence{Claims: []Claim{says("hs/contacts/1", "lead", "2024-01-01"), says("hs/contacts/1", "customer", "2025-01-01")}, Sales: []Sale{won("1", "2025-01-01")},
		Manual: Manual{Stage: MQL, At: day1("2025-06-01"), By: "hub/person/1"}}
	s := builtin.Derive(&e, now)
	if s.Stage != MQL || s.Rank != 30 || s.Category != "lead" || !s.EnteredAt[Lead].Equal(day1("2024-01-01")) || len(s.EnteredAt) != 2 {
		t.Errorf("set back by hand: %+v, want an mql that was a lead", s)
	}
	e.Sales = append(e.Sales, won("2", "2025-07-01"))
	if s = builtin.Derive(&e, now); s.Stage != Customer {
		t.Errorf("a deal won after that: %s, want customer", s.Stage)
	}
	e.Sales, e.Manual.Stage = e.Sales[:1], Partner
	if s = builtin.Derive(&e, now); s.Stage != Partner {
		t.Errorf("set beside the ladder: %s, want partner", s.Stage)
	}
	e.Manual.Stage = Former
	if s = builtin.Derive(&e, now); s.Stage != Former || s.Category != "contact" {
		t.Errorf("set to former customer: %s %s, want that and a contact", s.Stage, s.Category)
	}
}

func TestBesideTheLadder(t *testing.T) {
	unqualified := claimOf(OfStatus, "hs/contacts/1", "unqualified", "2025-03-01")
	for _, test := range []struct {
		name string
		e    Evidence
		want string
	}{
		{"with the claim it had", Evidence{Claims: []Claim{says("hs/contacts/1", "mql", "2025-01-01"), unqualified}}, Disqualified},
		{"qualified again later", Evidence{Claims: []Claim{says("hs/contacts/2", "mql", "2025-06-01"), unqualified}}, MQL},
		{"with a deal", Evidence{Claims: []Claim{unqualified}, Sales: []Sale{{Status: "open"}}}, Opportunity},
		{"other while another source has a lead", Evidence{Claims: []Claim{says("a/c/1", "other"), says("b/c/1", "lead")}}, Lead},
		{"partner that is a customer", Evidence{Claims: []Claim{claimOf(OfKind, "a/c/1", "partner"), says("b/c/1", "customer")}}, Customer},
		{"former customer by claim", Evidence{Claims: []Claim{says("a/c/1", "former_customer", "2025-01-01")}}, Former},
		{"former customer who bought again", Evidence{Claims: []Claim{says("a/c/1", "former_customer", "2025-01-01")}, Sales: []Sale{won("1", "2025-02-01")}}, Customer},
	} {
		if s := builtin.Derive(&test.e, now); s.Stage != test.want {
			t.Errorf("%s: got %s, want %s", test.name, s.Stage, test.want)
		}
	}
}

func TestChurn(t *testing.T) {
	s := &Settings{Churn: 365 * 24 * time.Hour}
	e := Evidence{Sales: []Sale{won("1", "2025-01-01")}}
	end := day1("2026-01-01")
	before, after := s.Derive(&e, end.Add(-time.Nanosecond)), s.Derive(&e, end)
	if before.Stage != Customer || !before.Next.Equal(end) || !before.Active {
		t.Errorf("before: %+v, want an active customer who is a former one next at %v", before, end)
	}
	if after.Stage != Former || !after.Since.Equal(end) || after.Rank != 60 || after.Category != "contact" || after.Journey != "retention" || after.Active {
		t.Errorf("after: %+v, want a former customer", after)
	}
	if got := builtin.Derive(&e, end.AddDate(5, 0, 0)); got.Stage != Customer || got.Active || !got.Next.IsZero() {
		t.Errorf("without a churn rule: %+v, want a customer who is not active", got)
	}
	e.Purchases = []Purchase{bought("subscription_start", "2025-01-01")}
	if got := s.Derive(&e, end); got.Stage == Former || !got.Active {
		t.Errorf("with a live subscription: %+v, want an active customer", got)
	}
	e.Purchases = append(e.Purchases, bought("cancel", "2025-03-01"))
	if got := s.Derive(&e, end); got.Stage != Former {
		t.Errorf("after cancelling: %s, want a former customer", got.Stage)
	}
	claim := Evidence{Claims: []Claim{says("hs/contacts/1", "customer", "2020-01-01")}}
	if got := s.Derive(&claim, end); got.Stage != Customer {
		t.Errorf("no purchase known: %s, want customer", got.Stage)
	}
}

func TestOrganizationIsWhereItsFurthestIs(t *testing.T) {
	e := Evidence{Claims: []Claim{says("hs/companies/1", "lead", "2025-01-01")}, People: []Evidence{
		{Claims: []Claim{says("hs/contacts/1", "mql", "2025-03-01")}},
		{Claims: []Claim{claimOf(OfStatus, "hs/contacts/2", "unqualified", "2025-04-01")}}}}
	s := builtin.Derive(&e, now)
	if s.Stage != MQL || fmt.Sprint(s.Sources) != "[hs/contacts/1]" {
		t.Errorf("got %s of %v, want mql of hs/contacts/1; one disqualified person disqualifies nobody else", s.Stage, s.Sources)
	}
}

func drawEvidence(t *rapid.T) Evidence {
	at := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.IntRange(0, 4).Draw(t, "known") == 0 {
			return time.Time{}
		}
		return now.AddDate(0, 0, -rapid.IntRange(0, 900).Draw(t, "day"))
	})
	e := Evidence{Score: float64(rapid.IntRange(0, 100).Draw(t, "score")), ICP: rapid.Bool().Draw(t, "icp"), Authority: rapid.Bool().Draw(t, "authority"), Owned: rapid.Bool().Draw(t, "owned")}
	for range rapid.IntRange(0, 4).Draw(t, "claims") {
		e.Claims = append(e.Claims, Claim{Source: rapid.SampledFrom([]string{"a/c/1", "b/c/1"}).Draw(t, "ref"), Kind: ClaimKind(rapid.IntRange(0, 2).Draw(t, "kind")),
			Value: rapid.SampledFrom([]string{"lead", "mql", "customer", "other", "partner", "evangelist", "unqualified", "former_customer", "x"}).Draw(t, "word"),
			At:    at.Draw(t, "at"), Past: rapid.Bool().Draw(t, "past")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "sales") {
		e.Sales = append(e.Sales, Sale{Status: rapid.SampledFrom([]string{"open", "won", "lost"}).Draw(t, "status"), Opened: at.Draw(t, "opened"), Closed: at.Draw(t, "closed")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "purchases") {
		e.Purchases = append(e.Purchases, Purchase{Kind: rapid.SampledFrom([]string{"order", "payment", "cancel", "subscription_start"}).Draw(t, "kind"), At: at.Draw(t, "at")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "contacts") {
		e.Contacts = append(e.Contacts, Contact{Kind: rapid.SampledFrom([]string{"referral", "call", "form_submission"}).Draw(t, "kind"), Direction: "outbound", At: at.Draw(t, "at")})
	}
	return e
}

// join is all evidence of both.
func join(a, b Evidence) Evidence {
	return Evidence{Claims: append(append([]Claim(nil), a.Claims...), b.Claims...), Sales: append(append([]Sale(nil), a.Sales...), b.Sales...),
		Purchases: append(append([]Purchase(nil), a.Purchases...), b.Purchases...), Contacts: append(append([]Contact(nil), a.Contacts...), b.Contacts...),
		Score: max(a.Score, b.Score), ICP: a.ICP || b.ICP, Authority: a.Authority || b.Authority, Owned: a.Owned || b.Owned}
}

func TestMoreEvidenceNeverLowersTheRank(t *testing.T) {
	s := &Settings{Score: 60, Outreach: true, Churn: 300 * 24 * time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawEvidence(t), drawEvidence(t)
		both := join(a, b)
		one, all := s.Derive(&a, now), s.Derive(&both, now)
		if all.Rank < one.Rank {
			t.Fatalf("rank %d with more evidence than for rank %d", all.Rank, one.Rank)
		}
		for stage, at := range one.EnteredAt {
			if later, ok := all.EnteredAt[stage]; !ok || later.After(at) {
				t.Fatalf("%s entered %v with more evidence, %v with less", stage, later, at)
			}
		}
	})
}

func TestOrderOfEvidenceDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvidence(t)
		mixed := join(e, Evidence{})
		r := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		r.Shuffle(len(mixed.Claims), func(i, j int) { mixed.Claims[i], mixed.Claims[j] = mixed.Claims[j], mixed.Claims[i] })
		r.Shuffle(len(mixed.Sales), func(i, j int) { mixed.Sales[i], mixed.Sales[j] = mixed.Sales[j], mixed.Sales[i] })
		r.Shuffle(len(mixed.Purchases), func(i, j int) { mixed.Purchases[i], mixed.Purchases[j] = mixed.Purchases[j], mixed.Purchases[i] })
		if one, other := builtin.Derive(&e, now), builtin.Derive(&mixed, now); !reflect.DeepEqual(one, other) {
			t.Fatalf("got %+v, want %+v", other, one)
		}
	})
}
