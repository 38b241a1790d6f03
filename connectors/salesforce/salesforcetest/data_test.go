package salesforcetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

func TestChangesAreCommittedLateAndOutOfOrder(t *testing.T) {
	o := open(t, salesforcetest.Options{CommitLag: time.Second, CommitJitter: time.Minute})
	var ids []string
	for i := range 30 {
		ids = append(ids, o.create("Contact", map[string]any{"LastName": fmt.Sprint(i)}))
		o.clock.Advance(time.Second)
	}
	overtaken := false
	seen := map[string]bool{}
	for range 90 {
		newest := ""
		for _, id := range o.query("SELECT Id FROM Contact ORDER BY SystemModstamp, Id").column("Id") {
			if !seen[id] && newest > id {
				overtaken = true
			}
			newest = id
			seen[id] = true
		}
		for _, id := range ids {
			overtaken = overtaken || (!seen[id] && newest > id)
		}
		o.clock.Advance(time.Second)
	}
	if !overtaken || len(seen) != len(ids) {
		t.Errorf("overtaken %t, %d of %d seen; want a row to become visible after a younger one, and all in the end", overtaken, len(seen), len(ids))
	}
	// The API's own writes are committed when it answers.
	var made struct{ ID string }
	o.do("POST", "sobjects/Contact", map[string]any{"LastName": "now"}).want(t, 201, &made)
	o.do("GET", "sobjects/Contact/"+made.ID, nil).want(t, 200, nil)
}

// TestRowsAreLockedUntilTheCommit wants the changes of one row told in their order, however late each is committed.
func TestRowsAreLockedUntilTheCommit(t *testing.T) {
	o := open(t, salesforcetest.Options{CommitLag: time.Second, CommitJitter: time.Minute})
	told := map[string][]string{}
	o.OnChange(func(c salesforcetest.Change) {
		for _, id := range c.IDs {
			told[id] = append(told[id], fmt.Sprint(c.Type, c.Fields["Title"]))
		}
	})
	ids := o.contacts(20)
	for i := range 4 {
		o.clock.Advance(time.Second)
		for _, id := range ids {
			must(t, o.Set("Contact", map[string]any{"Title": fmt.Sprint(i)}, id))
		}
	}
	o.do("PATCH", "sobjects/Contact/"+ids[0], `{"Title":"api"}`).want(t, 204, nil)
	if got := o.query("SELECT Title FROM Contact WHERE Id = '" + ids[0] + "'").column("Title"); !slices.Equal(got, []string{"api"}) {
		t.Errorf("got %v", got)
	}
	o.Settle()
	want := []string{"CREATE<nil>", "UPDATE0", "UPDATE1", "UPDATE2", "UPDATE3"}
	for i, id := range ids {
		if i == 0 {
			if got := told[id]; !slices.Equal(got, append(slices.Clone(want), "UPDATEapi")) {
				t.Errorf("told %v of the row that the API changed", got)
			}
			continue
		}
		if !slices.Equal(told[id], want) {
			t.Errorf("told %v, want %v", told[id], want)
		}
	}
}

func TestDeletesAndTheirTraces(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	account := o.create("Account", map[string]any{"Name": "A"})
	contact := o.create("Contact", map[string]any{"LastName": "C", "AccountId": account})
	o.clock.Advance(2 * time.Minute)
	must(t, o.Delete("Account", account))
	if p := o.query("SELECT Id FROM Contact"); p.TotalSize != 0 {
		t.Errorf("a contact outlives its account: %+v", p)
	}
	if p := o.queryAll("SELECT Id, IsDeleted, MasterRecordId FROM Contact WHERE IsDeleted = true"); p.TotalSize != 1 || p.Records[0]["MasterRecordId"] != nil {
		t.Errorf("queryAll: got %+v", p)
	}
	o.do("GET", "sobjects/Account/"+account, nil).refused(t, 404, "NOT_FOUND", "")
	o.do("DELETE", "sobjects/Account/"+account, nil).refused(t, 404, "ENTITY_IS_DELETED", "")
	window := "?start=2026-11-22T08:00:00%2B00:00&end=2026-11-22T09:30:00Z"
	var deleted struct {
		DeletedRecords                           []struct{ ID, DeletedDate string }
		EarliestDateAvailable, LatestDateCovered string
	}
	o.do("GET", "sobjects/Account/deleted/"+window, nil).want(t, 200, &deleted)
	if len(deleted.DeletedRecords) != 1 || deleted.DeletedRecords[0].ID != account || deleted.LatestDateCovered != "2026-11-22T09:02:00.000+0000" {
		t.Errorf("getDeleted: got %+v", deleted)
	}
	o.clock.Advance(time.Minute)
	must(t, o.Undelete("Account", account))
	if p := o.query("SELECT SystemModstamp FROM Contact WHERE Id = '" + contact + "'"); p.TotalSize != 1 || p.Records[0]["SystemModstamp"] != "2026-11-22T09:03:00.000+0000" {
		t.Errorf("undelete: got %+v", p)
	}
	must(t, o.Delete("Contact", contact))
	o.clock.Advance(15 * 24 * time.Hour)
	if p := o.queryAll("SELECT Id FROM Contact"); p.TotalSize != 0 {
		t.Errorf("the recycle bin was not emptied: %+v", p)
	}
	must(t, o.Purge("Account", account))
	if p := o.queryAll("SELECT Id FROM Account"); p.TotalSize != 0 {
		t.Errorf("a purged row left a trace: %+v", p)
	}
	o.do("GET", "sobjects/Account/deleted?start=2026-10-01T08:00:00Z&end=2026-11-22T09:30:00Z", nil).refused(t, 400, "INVALID_REPLICATION_DATE", "30 days")
	o.do("GET", "sobjects/Account/updated?start=2026-11-22T08:00:10Z&end=2026-11-22T08:00:50Z", nil).refused(t, 400, "INVALID_REPLICATION_DATE", "same minute")
}

func TestUpdatedIsCoveredUpToOpenTransactions(t *testing.T) {
	o := open(t, salesforcetest.Options{CommitLag: 10 * time.Minute})
	o.create("Contact", map[string]any{"LastName": "late"})
	o.clock.Advance(5 * time.Minute)
	var out struct {
		IDs               []string
		LatestDateCovered string
	}
	o.do("GET", "sobjects/Contact/updated/?start=2026-11-22T08:00:00Z&end=2026-11-22T09:05:00Z", nil).want(t, 200, &out)
	if len(out.IDs) != 0 || out.LatestDateCovered != "2026-11-22T09:00:00.000+0000" {
		t.Errorf("got %+v, want nothing and a cover that ends before the open transaction", out)
	}
	o.Settle()
	o.do("GET", "sobjects/Contact/updated/?start=2026-11-22T09:00:00Z&end=2026-11-22T09:05:00Z", nil).want(t, 200, &out)
	if len(out.IDs) != 1 || out.LatestDateCovered != "2026-11-22T09:05:00.000+0000" {
		t.Errorf("got %+v, want the contact", out)
	}
}

func TestMergeAndConvert(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	var told []string
	o.OnChange(func(c salesforcetest.Change) {
		told = append(told, fmt.Sprint(c.Object, " ", c.Type, " ", len(c.IDs), " ", c.Sequence, " ", slices.Contains(c.Changed, "AccountId")))
	})
	a, b := o.create("Account", map[string]any{"Name": "A"}), o.create("Account", map[string]any{"Name": "B"})
	contact := o.create("Contact", map[string]any{"LastName": "C", "AccountId": b})
	told = nil
	must(t, o.Merge("Account", a, b))
	if row, _ := o.Row("Account", b); !row.Deleted || row.Master != a {
		t.Errorf("loser: got %+v", row)
	}
	if p := o.queryAll("SELECT MasterRecordId FROM Account WHERE IsDeleted = true"); p.Records[0]["MasterRecordId"] != a {
		t.Errorf("got %+v, want the winner", p.Records)
	}
	if row, _ := o.Row("Contact", contact); row.Fields["AccountId"] != a {
		t.Errorf("the contact of the loser belongs to %v, want the winner", row.Fields["AccountId"])
	}
	if want := []string{"Contact UPDATE 1 1 true", "Account UPDATE 1 2 false", "Account DELETE 1 3 false"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if err := o.Merge("Opportunity", "x", "y"); err == nil {
		t.Error("opportunities cannot be merged")
	}

	lead := o.create("Lead", map[string]any{"LastName": "L", "FirstName": "F", "Company": "LC", "Email": "l@lc.example"})
	got, err := o.Convert(lead, "deal")
	must(t, err)
	r := o.query("SELECT IsConverted, ConvertedContactId, ConvertedContact.Email, ConvertedAccount.Name, ConvertedOpportunityId, Status FROM Lead").Records[0]
	if r["IsConverted"] != true || r["ConvertedContactId"] != got.Contact || r["ConvertedOpportunityId"] != got.Opportunity || r["ConvertedAccount"].(map[string]any)["Name"] != "LC" {
		t.Errorf("got %+v", r)
	}
}

func TestStagesHaveHistory(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	id := o.create("Opportunity", map[string]any{"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Amount": 10})
	o.clock.Advance(time.Hour)
	must(t, o.Set("Opportunity", map[string]any{"StageName": "Closed Lost"}, id))
	o.clock.Advance(time.Hour)
	must(t, o.Set("Opportunity", map[string]any{"Description": "x"}, id))
	p := o.query("SELECT StageName, CreatedDate FROM OpportunityHistory WHERE OpportunityId = '" + id + "' ORDER BY CreatedDate")
	if got := p.column("StageName"); !slices.Equal(got, []string{"Prospecting", "Closed Lost"}) {
		t.Errorf("history: got %v", got)
	}
	fields := o.query("SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory WHERE Field = 'StageName'").Records
	if len(fields) != 1 || fields[0]["OldValue"] != "Prospecting" || fields[0]["NewValue"] != "Closed Lost" {
		t.Errorf("field history: got %v", fields)
	}
	if r := o.query("SELECT IsClosed, IsWon, Probability FROM Opportunity").Records[0]; r["IsClosed"] != true || r["IsWon"] != false || r["Probability"] != 0.0 {
		t.Errorf("got %v", r)
	}
}

func TestFormulasAndPersonAccounts(t *testing.T) {
	o := open(t, salesforcetest.Options{PersonAccounts: true})
	o.AddField("Account", salesforcetest.Field{Name: "Tier__c", Calculated: true})
	id := o.create("Account", map[string]any{"FirstName": "Emi", "LastName": "Tanaka", "PersonEmail": "emi@web.example"})
	before, _ := o.Row("Account", id)
	o.clock.Advance(time.Hour)
	must(t, o.SetCalculated("Account", "Tier__c", id, "Gold"))
	r := o.query("SELECT Name, IsPersonAccount, PersonContactId, Tier__c, SystemModstamp FROM Account").Records[0]
	if r["Tier__c"] != "Gold" || r["Name"] != "Emi Tanaka" || r["IsPersonAccount"] != true || r["SystemModstamp"] != before.Fields["SystemModstamp"] {
		t.Errorf("got %v", r)
	}
	must(t, o.Set("Account", map[string]any{"PersonEmail": "tanaka@web.example"}, id))
	c := o.query("SELECT Id, Email, IsPersonAccount, Account.PersonContactId FROM Contact").Records[0]
	if c["Email"] != "tanaka@web.example" || c["IsPersonAccount"] != true || c["Id"] != r["PersonContactId"] || c["Account"].(map[string]any)["PersonContactId"] != c["Id"] {
		t.Errorf("got %v", c)
	}
}

func TestActivitiesAndCases(t *testing.T) {
	o := open(t, salesforcetest.Options{})
	account := o.create("Account", map[string]any{"Name": "A"})
	contact := o.create("Contact", map[string]any{"LastName": "C", "AccountId": account})
	task := o.create("Task", map[string]any{"Subject": "Call", "WhoId": contact, "TaskSubtype": "Call"})
	must(t, o.Set("Task", map[string]any{"Status": "Completed"}, task))
	r := o.query("SELECT IsClosed, CompletedDateTime, AccountId, Who.Name, Who.Type, What.Name, Owner.Name FROM Task").Records[0]
	who := r["Who"].(map[string]any)
	if r["IsClosed"] != true || r["CompletedDateTime"] != "2026-11-22T09:00:00.000+0000" || r["AccountId"] != account || who["Name"] != "C" || who["Type"] != "Contact" || r["What"] != nil {
		t.Errorf("task: got %v", r)
	}
	o.create("Event", map[string]any{"Subject": "Meet", "StartDateTime": "2026-12-01T10:00:00Z", "EndDateTime": "2026-12-01T11:30:00Z", "WhatId": account})
	if r := o.query("SELECT DurationInMinutes, ActivityDate, AccountId FROM Event").Records[0]; r["DurationInMinutes"] != 90.0 || r["AccountId"] != account {
		t.Errorf("event: got %v", r)
	}
	id := o.create("Case", map[string]any{"Subject": "Help"})
	must(t, o.Set("Case", map[string]any{"Status": "Closed"}, id))
	if r := o.query("SELECT CaseNumber, IsClosed, ClosedDate, Priority FROM Case").Records[0]; r["IsClosed"] != true || r["ClosedDate"] == nil || r["Priority"] != "Medium" || !strings.HasPrefix(r["CaseNumber"].(string), "0000") {
		t.Errorf("case: got %v", r)
	}
}

func TestSeed(t *testing.T) {
	c := sandbox.Generate(7, 200)
	for _, opt := range []salesforcetest.Options{{}, {PersonAccounts: true, MultiCurrency: true, StatePicklists: true}} {
		o := open(t, opt)
		s := o.Seed(c)
		if len(s.Accounts) != len(c.Organizations) || len(s.Contacts) != 200 || len(s.Opportunities) != len(c.Deals) || len(s.Cases) != len(c.Tickets) || slices.Contains(s.Contacts, "") {
			t.Errorf("seeded %d %d %d %d", len(s.Accounts), len(s.Contacts), len(s.Opportunities), len(s.Cases))
		}
		if p := o.query("SELECT COUNT() FROM OpportunityContactRole"); p.TotalSize != len(c.Deals) {
			t.Errorf("got %d roles, want %d", p.TotalSize, len(c.Deals))
		}
		row, _ := o.Row("Account", s.Accounts[0])
		if want := c.Organizations[0].Created.Truncate(time.Second); !row.Modified.Equal(want) {
			t.Errorf("got %v, want an account as old as %v", row.Modified, want)
		}
	}
}
