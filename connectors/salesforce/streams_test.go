package salesforce_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// TestChangedRolesBringTheirOpportunity: a contact role that is added, changed or removed moves no stamp of its opportunity.
func TestChangedRolesBringTheirOpportunity(t *testing.T) {
	h := newHarness(t, "Opportunity", nil)
	ids := h.Create(t, 1200) // two of three have a role
	deals, roles := newReader(t, h, "Opportunity"), newReader(t, h, "OpportunityContactRole")
	deals.settle(t, h)
	roles.settle(t, h)
	h.clock.Advance(25 * time.Hour)
	roles.settle(t, h)
	roles.rows = 0
	bare := ids[2] // its serial number is 3
	before := deals.records[bare]
	if strings.Contains(string(before.Data), "00K") {
		t.Fatalf("the fixture has a role already: %s", before.Data)
	}
	role := h.create(t, "OpportunityContactRole", map[string]any{"OpportunityId": bare, "ContactId": h.fixed["Contact"][1], "Role": "Evaluator"})
	h.clock.Advance(time.Minute)
	deals.drain(t, h)
	if strings.Contains(string(deals.records[bare].Data), role) {
		t.Fatal("the opportunity's own stream saw it; then there is no need for another")
	}
	roles.drain(t, h)
	got := roles.records[bare]
	if got.Ref.Object != "Opportunity" || !got.Version.Equal(before.Version) || !got.Seen.After(before.Seen) || !strings.Contains(string(got.Data), role) {
		t.Fatalf("got %+v with %s, want the opportunity as of then, with the role", got.Ref, got.Data)
	}
	if err := h.sim.Delete("OpportunityContactRole", role); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(time.Minute)
	roles.drain(t, h)
	if got := string(roles.records[bare].Data); strings.Contains(got, role) || !strings.Contains(got, `"OpportunityContactRoles":[]`) {
		t.Errorf("after it was removed: got %s", got)
	}
	if roles.rows > 10 {
		t.Errorf("got %d opportunities read for one that changed", roles.rows)
	}
}

// TestLongListsOfChildrenAreReadToTheirEnd: children that do not fit into the answer come in pages of their own.
func TestLongListsOfChildrenAreReadToTheirEnd(t *testing.T) {
	h := newHarness(t, "Opportunity", func(o *salesforcetest.Options) { o.MaxQuery = 20 })
	ids := h.Create(t, 3)
	var want []string
	for range 70 {
		want = append(want, h.create(t, "OpportunityContactRole", map[string]any{"OpportunityId": ids[2], "ContactId": h.fixed["Contact"][0], "Role": "Other"}))
	}
	r := newReader(t, h, "Opportunity")
	r.settle(t, h)
	slices.Sort(want)
	var got []string
	for _, role := range r.value(ids[2], "OpportunityContactRoles").Array() {
		got = append(got, role.Get("Id").String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %d roles, want all %d in the order of their ids", len(got), len(want))
	}
}

// TestStageHistoryIsRead: an opportunity carries the stages it has been in.
func TestStageHistoryIsRead(t *testing.T) {
	h := newHarness(t, "Opportunity", nil)
	id := h.Create(t, 1)[0]
	h.clock.Advance(time.Hour)
	if err := h.sim.Set("Opportunity", map[string]any{"StageName": "Closed Won"}, id); err != nil {
		t.Fatal(err)
	}
	r := newReader(t, h, "Opportunity")
	r.settle(t, h)
	var stages []string
	for _, row := range r.value(id, "OpportunityHistories").Array() {
		stages = append(stages, row.Get("StageName").String())
	}
	if !slices.Equal(stages, []string{"Prospecting", "Closed Won"}) {
		t.Errorf("got the stages %v of %s", stages, r.records[id].Data)
	}
}

// TestTasksAreToDosOrWhatHappened: each task is in one of two streams, whatever becomes of it, and all are in one.
func TestTasksAreToDosOrWhatHappened(t *testing.T) {
	h := newHarness(t, "Task", nil)
	want := map[string][]string{}
	for subtype, stream := range map[string]string{"": "Task", "Task": "Task", "Call": "Activity", "Email": "Activity", "ListEmail": "Activity"} {
		f := map[string]any{"Subject": "about " + subtype, "Status": "Not Started", "Priority": "Normal"}
		if subtype != "" {
			f["TaskSubtype"] = subtype
		}
		want[stream] = append(want[stream], h.create(t, "Task", f))
	}
	all := slices.Concat(want["Task"], want["Activity"])
	for _, stream := range []string{"Task", "Activity"} {
		slices.Sort(want[stream])
		r := newReader(t, h, stream)
		r.settle(t, h)
		h.clock.Advance(h.Settle())
		if err := h.sim.Set("Task", map[string]any{"Status": "Completed"}, all...); err != nil {
			t.Fatal(err)
		}
		r.settle(t, h)
		r.sweep(t, h)
		var got []string
		for id, rec := range r.records {
			if got = append(got, id); rec.Ref.Object != stream {
				t.Errorf("got the reference %s in the stream %s", rec.Ref, stream)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want[stream]) {
			t.Errorf("%s: got %v, want %v", stream, got, want[stream])
		}
		var refs []connectors.Ref
		for _, id := range all {
			refs = append(refs, connectors.Ref{Connection: "under-test", Object: stream, ID: id})
		}
		records, err := r.src.(connectors.Getter).Get(context.Background(), refs)
		if err != nil || len(records) != len(want[stream]) {
			t.Errorf("%s by id: got %d records and %v, want %d", stream, len(records), err, len(want[stream]))
		}
	}
}

// TestPipelinesAreOneRecord: the rows of stages and statuses are one record each, the same bytes as long as nothing changes.
func TestPipelinesAreOneRecord(t *testing.T) {
	h := newHarness(t, "Account", nil)
	for stream, id := range map[string]string{"OpportunityStage": "opportunity", "CaseStatus": "case"} {
		r := newReader(t, h, stream)
		first, again := r.read(t), r.read(t)
		if len(first.Records) != 1 || first.More || first.Next != "" || string(first.Records[0].Data) != string(again.Records[0].Data) {
			t.Fatalf("%s: got %d records, more %v, next %q", stream, len(first.Records), first.More, first.Next)
		}
		if r.value(id, "id").String() != id || len(r.value(id, "stages").Array()) < 3 || r.value(id, "stages.0.attributes").Exists() {
			t.Errorf("%s: got %s", stream, r.records[id].Data)
		}
		got, err := r.src.(connectors.Getter).Get(context.Background(), []connectors.Ref{{Connection: "under-test", Object: stream, ID: id}})
		if err != nil || len(got) != 1 {
			t.Errorf("%s by id: got %d records and %v", stream, len(got), err)
		}
	}
}

// TestCustomObjects: objects of the organization's own are streams like the others.
func TestCustomObjects(t *testing.T) {
	h := newHarness(t, "Invoice__c", nil)
	h.sim.AddObject("Invoice__c", "a00", salesforcetest.Field{Name: "Total__c", Type: "currency", Precision: 18, Scale: 2})
	h.extra["custom_objects"] = []any{"Invoice__c"}
	fixture["Invoice__c"] = "Name"
	id := h.create(t, "Invoice__c", map[string]any{"Name": "R-1", "Total__c": 99.90})
	r := newReader(t, h, "Invoice__c")
	r.settle(t, h)
	if got := r.value(id, "Total__c").Raw; got != "99.9" {
		t.Errorf("got %s, want 99.9", got)
	}
	streams, err := r.src.Streams(context.Background())
	if err != nil || !slices.ContainsFunc(streams, func(s connectors.Stream) bool { return s.Name == "Invoice__c" && !s.Snapshot }) {
		t.Errorf("got %v and %v, want Invoice__c among them", streams, err)
	}
}

// TestShortIDsAreTheSame: a reference of 15 characters, or of 18 in another case, is the record that the API writes with 18.
func TestShortIDsAreTheSame(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	id := h.Create(t, 1)[0]
	src := connectortest.Open(t, h).(connectors.Getter)
	for _, short := range []string{id, id[:15], id[:15] + strings.ToLower(id[15:])} {
		got, err := src.Get(context.Background(), []connectors.Ref{{Connection: "under-test", Object: "Contact", ID: short}})
		if err != nil || len(got) != 1 || got[0].Ref.ID != id {
			t.Errorf("%s: got %v and %v, want %s", short, got, err, id)
		}
	}
}

// TestPersonAccounts: the account's row is filtered, its contact is the person, and its deal points to the contact.
func TestPersonAccounts(t *testing.T) {
	h := newHarness(t, "Opportunity", func(o *salesforcetest.Options) { o.PersonAccounts = true })
	account := h.create(t, "Account", map[string]any{"LastName": "Lovelace", "FirstName": "Ada"})
	row, _ := h.sim.Row("Account", account)
	contact, _ := row.Fields["PersonContactId"].(string)
	if contact == "" {
		t.Fatalf("the simulator made no person account: %v", row.Fields)
	}
	id := h.create(t, "Opportunity", map[string]any{"Name": "With a person", "AccountId": account, "StageName": "Prospecting", "CloseDate": "2026-12-24"})
	r := newReader(t, h, "Opportunity")
	r.settle(t, h)
	if got := r.value(id, "Account.PersonContactId").String(); got != contact {
		t.Errorf("got the person %q, want %s: %s", got, contact, r.records[id].Data)
	}
	other := newReader(t, h, "Account")
	other.settle(t, h)
	if !other.value(account, "IsPersonAccount").Bool() {
		t.Errorf("got %s, want it to say that it is a person account", other.records[account].Data)
	}
}

// TestFetchOverSmallPages: references whose rows the vendor answers in smaller pages than were asked for all come, in one Get.
func TestFetchOverSmallPages(t *testing.T) {
	h := newHarness(t, "Opportunity", func(o *salesforcetest.Options) { o.MaxQuery = 7 })
	ids := h.Create(t, 50)
	var refs []connectors.Ref
	for _, id := range ids {
		refs = append(refs, connectors.Ref{Connection: "under-test", Object: "Opportunity", ID: id})
	}
	h.Delete(t, ids[30])
	got, err := connectortest.Open(t, h).(connectors.Getter).Get(context.Background(), refs)
	if err != nil || len(got) != 50 {
		t.Fatalf("got %d records and %v, want 50", len(got), err)
	}
	for _, rec := range got {
		if deleted := rec.Deleted.Kind != connectors.NotDeleted; deleted != (rec.Ref.ID == ids[30]) {
			t.Errorf("%s: got %+v", rec.Ref, rec.Deleted)
		}
	}
}
