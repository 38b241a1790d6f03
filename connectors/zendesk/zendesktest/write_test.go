package zendesktest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

type problem struct {
	Error, Description string
	Details            map[string][]struct{ Description, Error string }
}

func TestRefusedWrites(t *testing.T) {
	a := open(t, zendesktest.Options{})
	a.make(1)
	a.create("organizations", map[string]any{"name": "Acme", "external_id": "E1"})
	closed := a.create("tickets", map[string]any{"description": "D", "status": "closed"})
	for _, tc := range []struct{ method, path, body, field, word, text string }{
		{"POST", "users", `{"user":{"email":"x@y.example"}}`, "name", "BlankValue", "cannot be blank"},
		{"POST", "users", `{"user":{"name":"N","email":"badmail"}}`, "email", "", "badmail is not properly formatted"},
		{"POST", "users", `{"user":{"name":"N","email":"P0@acme.example"}}`, "email", "DuplicateValue", "already being used"},
		{"POST", "users", `{"user":{"name":"N","role":"boss"}}`, "role", "InvalidValue", ""},
		{"POST", "users", `{"user":{"name":"N","organization_id":7}}`, "organization_id", "InvalidValue", ""},
		{"POST", "users", `{"user":{"name":"N","phone":["N"]}}`, "phone", "InvalidValue", ""},
		{"POST", "organizations", `{"organization":{"name":"acme"}}`, "name", "DuplicateValue", ""},
		{"POST", "organizations", `{"organization":{"name":"B","external_id":"e1"}}`, "external_id", "DuplicateValue", ""},
		{"POST", "tickets", `{"ticket":{"subject":"S"}}`, "base", "BlankValue", "Description"},
		{"POST", "tickets", `{"ticket":{"comment":{"body":"B"},"status":"bogus"}}`, "status", "InvalidValue", ""},
		{"POST", "tickets", `{"ticket":{"comment":{"body":"B"},"requester_id":7}}`, "requester", "InvalidValue", ""},
		{"PUT", "tickets/" + closed, `{"ticket":{"status":"open"}}`, "status", "", "closed prevents ticket update"},
		{"POST", "user_fields", `{"user_field":{"title":"T"}}`, "key", "BlankValue", ""},
	} {
		var p problem
		a.do(tc.method, "/api/v2/"+tc.path, tc.body).want(t, 422, &p)
		if d := p.Details[tc.field]; p.Error != "RecordInvalid" || len(d) != 1 || d[0].Error != tc.word || !strings.Contains(d[0].Description, tc.text) {
			t.Errorf("%s %s: got %+v", tc.path, tc.body, p)
		}
	}
	a.do("POST", "/api/v2/users", `{"user":`).want(t, 422, nil)
	a.do("PUT", "/api/v2/tickets/99", `{"ticket":{}}`).want(t, 404, nil)
}

// TestAddresses: a new address becomes a second identity, and only make_primary makes it the user's.
func TestAddresses(t *testing.T) {
	a := open(t, zendesktest.Options{})
	id := a.make(1)[0]
	a.do("PUT", "/api/v2/users/"+id, `{"user":{"email":"new@acme.example"}}`).want(t, 200, nil)
	row, _ := a.Row("users", id)
	ids := a.get("/api/v2/users/" + id + "/identities").Identities
	if row.Fields["email"] != "p0@acme.example" || len(ids) != 2 {
		t.Fatalf("got %v and %d identities, want the old address and two", row.Fields["email"], len(ids))
	}
	a.do("PUT", fmt.Sprintf("/api/v2/users/%s/identities/%d/make_primary", id, ids[1].ID), `{}`).want(t, 200, nil)
	row, _ = a.Row("users", id)
	if first := a.get("/api/v2/users/" + id + "/identities").Identities[0]; row.Fields["email"] != "new@acme.example" || first.ID != ids[1].ID {
		t.Errorf("make_primary: got %v, first %d", row.Fields["email"], first.ID)
	}
	a.do("DELETE", fmt.Sprintf("/api/v2/users/%s/identities/%d", id, ids[1].ID), nil).want(t, 422, nil)
	a.do("DELETE", fmt.Sprintf("/api/v2/users/%s/identities/%d", id, ids[0].ID), nil).want(t, 204, nil)
	a.do("POST", "/api/v2/users", `{"user":{"name":"N","email":"p0@acme.example"}}`).want(t, 201, nil)
}

// TestUserMergeLeavesNoPointer: the loser is inactive, says nothing of the winner, and its address finds the winner.
func TestUserMergeLeavesNoPointer(t *testing.T) {
	a := open(t, zendesktest.Options{})
	ids := a.make(2)
	org := a.create("organizations", map[string]any{"name": "Acme"})
	if err := a.Set("users", map[string]any{"organization_id": org, "tags": []string{"vip"}}, ids[1]); err != nil {
		t.Fatal(err)
	}
	ticket := a.create("tickets", map[string]any{"description": "D", "requester_id": ids[1]})
	a.do("PUT", "/api/v2/users/"+ids[1]+"/merge", `{"user":{"id":`+ids[0]+`}}`).want(t, 200, nil)
	loser, _ := a.Row("users", ids[1])
	text, _ := json.Marshal(loser.Fields)
	if loser.Fields["active"] != false || loser.Fields["email"] != nil || strings.Contains(string(text), ids[0]) {
		t.Errorf("loser: got %s, want an inactive user without a word of %s", text, ids[0])
	}
	winner, _ := a.Row("users", ids[0])
	if fmt.Sprintf("%.0f", winner.Fields["organization_id"]) != org || fmt.Sprint(winner.Fields["tags"]) != "[vip]" {
		t.Errorf("winner: got %v", winner.Fields)
	}
	if got := a.get("/api/v2/users/search?query=p1@acme.example").ids(); !slices.Equal(got, ids[:1]) {
		t.Errorf("the loser's address: got %v, want %s", got, ids[0])
	}
	if row, _ := a.Row("tickets", ticket); fmt.Sprintf("%.0f", row.Fields["requester_id"]) != ids[0] {
		t.Errorf("ticket: got %v", row.Fields["requester_id"])
	}
	agent := a.create("users", map[string]any{"name": "Agent", "role": "agent"})
	a.do("PUT", "/api/v2/users/"+agent+"/merge", `{"user":{"id":`+ids[0]+`}}`).want(t, 403, nil)
}

func TestTicketMergeAndOrganizationMerge(t *testing.T) {
	a := open(t, zendesktest.Options{})
	person := a.make(1)[0]
	one := a.create("tickets", map[string]any{"description": "D", "requester_id": person})
	two := a.create("tickets", map[string]any{"description": "E", "requester_id": person})
	a.do("POST", "/api/v2/tickets/"+one+"/merge", `{"ids":[`+two+`]}`).want(t, 200, nil)
	row, _ := a.Row("tickets", two)
	if row.Fields["status"] != "closed" || fmt.Sprint(row.Fields["tags"]) != "[closed_by_merge]" {
		t.Errorf("source: got %v %v", row.Fields["status"], row.Fields["tags"])
	}
	if got := len(a.get("/api/v2/tickets/" + one + "/comments").Comments); got != 2 {
		t.Errorf("target: got %d comments, want the merge's too", got)
	}

	winner, loser := a.create("organizations", map[string]any{"name": "W"}), a.create("organizations", map[string]any{"name": "L"})
	if err := a.Set("users", map[string]any{"organization_id": loser}, person); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Merge struct{ ID, Status string } `json:"organization_merge"`
	}
	a.do("POST", "/api/v2/organizations/"+loser+"/merge", `{"organization_merge":{"winner_id":`+winner+`}}`).want(t, 200, &m)
	if m.Merge.Status != "new" {
		t.Errorf("merge: got %+v, want it to be new", m)
	}
	if a.do("GET", "/api/v2/organization_merges/"+m.Merge.ID, nil).want(t, 200, &m); m.Merge.Status != "complete" {
		t.Errorf("merge, later: got %+v", m)
	}
	a.do("GET", "/api/v2/organizations/"+loser, nil).want(t, 404, nil)
	if row, _ := a.Row("users", person); fmt.Sprintf("%.0f", row.Fields["organization_id"]) != winner {
		t.Errorf("person: got %v, want %s", row.Fields["organization_id"], winner)
	}
}

func TestMembershipsFollowTheUser(t *testing.T) {
	a := open(t, zendesktest.Options{})
	person := a.make(1)[0]
	first, second := a.create("organizations", map[string]any{"name": "First"}), a.create("organizations", map[string]any{"name": "Second"})
	for _, org := range []string{first, second} {
		a.do("POST", "/api/v2/organization_memberships", `{"organization_membership":{"user_id":`+person+`,"organization_id":`+org+`}}`).want(t, 201, nil)
	}
	a.do("POST", "/api/v2/organization_memberships", `{"organization_membership":{"user_id":`+person+`,"organization_id":`+first+`}}`).want(t, 422, nil)
	own := func() string {
		row, _ := a.Row("users", person)
		if row.Fields["organization_id"] == nil {
			return ""
		}
		return fmt.Sprintf("%.0f", row.Fields["organization_id"])
	}
	if own() != first {
		t.Errorf("got %s, want the first one", own())
	}
	if err := a.Delete("organizations", first); err != nil {
		t.Fatal(err)
	}
	if own() != second {
		t.Errorf("after its end: got %s, want the other one", own())
	}
	if err := a.Delete("organizations", second); err != nil {
		t.Fatal(err)
	}
	if own() != "" {
		t.Errorf("after the last: got %s", own())
	}
}

func TestRestoreAndScrub(t *testing.T) {
	a := open(t, zendesktest.Options{})
	id := a.create("tickets", map[string]any{"description": "Private words", "subject": "S", "status": "pending"})
	a.do("DELETE", "/api/v2/tickets/"+id, nil).want(t, 204, nil)
	var list struct {
		Tickets []struct {
			Subject string
			State   string `json:"previous_state"`
		} `json:"deleted_tickets"`
	}
	a.do("GET", "/api/v2/deleted_tickets", nil).want(t, 200, &list)
	if len(list.Tickets) != 1 || list.Tickets[0].State != "pending" {
		t.Errorf("deleted: got %+v", list)
	}
	a.do("PUT", "/api/v2/deleted_tickets/"+id+"/restore", nil).want(t, 200, nil)
	if row, _ := a.Row("tickets", id); row.Fields["status"] != "pending" || row.Deleted {
		t.Errorf("restored: got %v", row.Fields["status"])
	}
	a.do("DELETE", "/api/v2/tickets/"+id, nil).want(t, 204, nil)
	a.do("DELETE", "/api/v2/deleted_tickets/"+id, nil).want(t, 200, nil)
	if row, ok := a.Row("tickets", id); !ok || row.Fields["description"] != "SCRUBBED" || !row.Purged {
		t.Errorf("scrubbed: got %+v", row)
	}
	a.clock.Advance(2 * time.Minute)
	events := a.do("GET", "/api/v2/incremental/ticket_events?include=comment_events&start_time=0", nil).want(t, 200, nil)
	if strings.Contains(string(events.body), "Private words") {
		t.Errorf("events of a scrubbed ticket: got %s", events.body)
	}
	a.do("PUT", "/api/v2/deleted_tickets/"+id+"/restore", nil).want(t, 404, nil)
	if err := a.Restore("tickets", id); err == nil {
		t.Error("restore of a scrubbed ticket: got no error")
	}
}

func TestSafeUpdate(t *testing.T) {
	a := open(t, zendesktest.Options{})
	id := a.create("tickets", map[string]any{"description": "D"})
	stamp := start.Format(time.RFC3339)
	a.clock.Advance(time.Second)
	body := `{"ticket":{"priority":"low","safe_update":true,"updated_stamp":"` + stamp + `"}}`
	a.do("PUT", "/api/v2/tickets/"+id, body).want(t, 200, nil)
	var p problem
	if a.do("PUT", "/api/v2/tickets/"+id, body).want(t, 409, &p); p.Error != "UpdateConflict" {
		t.Errorf("got %+v", p)
	}
}
