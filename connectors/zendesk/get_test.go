package zendesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestMergeByWebhook: the webhook alone knows where a merged user went. What it says holds against the deletion that
// polling sees, in whatever order the two come.
func TestMergeByWebhook(t *testing.T) {
	h := newHarness(t, "users", nil)
	winner := h.make(t, "users", map[string]any{"name": "Zoë", "email": "zoe@initech.example"})
	loser := h.make(t, "users", map[string]any{"name": "Zoe", "email": "zoe@gmail.example"})
	must(t, h.sim.MergeUsers(winner, loser))
	at := h.clock.Now()
	h.clock.Advance(2 * time.Minute)
	body := []byte(`{"type":"zen:event-type:user.merged","account_id":1,"id":"x","time":"` + at.UTC().Format(time.RFC3339) + `","subject":"zen:user:` + loser +
		`","detail":{"id":"` + loser + `","role":"end-user"},"event":{"user":{"id":"` + winner + `"}}}`)
	r := open(t, h, "users")
	hints, err := r.src.(connectors.Webhook).Parse(signed(testSecret, body, at))
	if err != nil || len(hints) != 2 {
		t.Fatalf("got %v and %v, want two hints", hints, err)
	}
	merged := hints[1]
	if merged.Deleted.Kind != connectors.Merged || merged.Deleted.Into.ID != winner || merged.Ref.ID != loser {
		t.Errorf("got %+v, want the loser merged into the winner", merged)
	}
	records, err := r.src.(connectors.Getter).Get(context.Background(), []connectors.Ref{hints[0].Ref, hints[1].Ref})
	if err != nil || len(records) != 1 || records[0].Ref.ID != winner {
		t.Errorf("get: got %v and %v, want the winner alone, so that the hint counts", records, err)
	}
	for _, polled := range r.drain(t) {
		if polled.Ref.ID == loser && !polled.Version.Before(merged.At) {
			t.Errorf("polling says deleted at %v, the webhook merged at %v: the merge would be lost", polled.Version, merged.At)
		}
	}
}

// TestGetOfKindsTogether: one request for each kind, agents among the users; what cannot be fetched by its id is left out.
func TestGetOfKindsTogether(t *testing.T) {
	h := newHarness(t, "tickets", nil)
	ticket := h.Create(t, 1)[0]
	agent := h.make(t, "users", map[string]any{"name": "Ada", "role": "agent"})
	org := h.make(t, "organizations", map[string]any{"name": "Initech"})
	ref := func(object, id string) connectors.Ref {
		return connectors.Ref{Connection: "under-test", Object: object, ID: id}
	}
	h.log.Reset()
	records, err := open(t, h, "tickets").src.(connectors.Getter).Get(context.Background(), []connectors.Ref{ref("tickets", ticket), ref("agents", agent),
		ref("agents", h.asker), ref("organizations", org), ref("users", h.asker), ref("ticket_comments", "1"), ref("users", "no-such-id")})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range records {
		got[r.Ref.Object+"/"+r.Ref.ID] = ""
	}
	want := map[string]string{"tickets/" + ticket: "", "agents/" + agent: "", "organizations/" + org: "", "users/" + h.asker: ""}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			t.Errorf("%s was not returned", key)
		}
	}
	if n := h.log.Totals().Requests; n != 4 {
		t.Errorf("it took %d requests, want 4", n)
	}
}

// TestGetLeavesDeletedUsersToTheHint: a fetched user who is inactive may have been deleted or merged; what the webhook said
// is then all there is, and it is believed only when the fetch does not find the record. One who is to be forgotten is
// told at once.
func TestGetLeavesDeletedUsersToTheHint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"users":[{"id":1,"active":true,"role":"end-user","updated_at":"2026-11-30T10:00:00Z"},
			{"id":2,"active":false,"role":"end-user","updated_at":"2026-11-30T10:00:00Z"},
			{"id":3,"active":false,"permanently_deleted":true,"name":"Permanently Deleted User","updated_at":"2026-11-30T10:00:00Z"},
			{"id":4,"active":true,"role":"end-user","updated_at":"2026-11-30T10:00:00Z"}]}`)
	}))
	t.Cleanup(server.Close)
	h := newHarness(t, "users", nil)
	h.url = server.URL
	var refs []connectors.Ref
	for _, id := range []string{"1", "2", "3"} {
		refs = append(refs, connectors.Ref{Connection: "under-test", Object: "users", ID: id})
	}
	records, err := open(t, h, "users").src.(connectors.Getter).Get(context.Background(), refs)
	got := ""
	for _, r := range records {
		got += fmt.Sprintf("%s %q %t; ", r.Ref.ID, r.Deleted.Kind, len(r.Data) > 0)
	}
	if want := `1 "" true; 3 "privacy" false; `; err != nil || got != want {
		t.Errorf("got %s and %v, want %s", got, err, want)
	}
}

// TestLostPathIsNoEmptyAnswer: a path that Zendesk does not have (any more) must not look like "there is nothing".
func TestLostPathIsNoEmptyAnswer(t *testing.T) {
	h := newHarness(t, "users", nil)
	must(t, h.plan.Add(sandbox.Fault{Kind: "404"}))
	for _, stream := range []string{"users", "organizations", "agents", "ticket_comments", "satisfaction_ratings"} {
		_, err := open(t, h, stream).src.Read(context.Background(), stream, "")
		if connectors.KindOf(err) != connectors.Gone || connectors.CursorExpired(err) || !strings.Contains(err.Error(), "check subdomain and base_url") {
			t.Errorf("%s: got %v, want it gone for good", stream, err)
		}
	}
	ref := connectors.Ref{Connection: "under-test", Object: "users", ID: "1"}
	if _, err := open(t, h, "users").src.(connectors.Getter).Get(context.Background(), []connectors.Ref{ref}); connectors.KindOf(err) != connectors.Gone {
		t.Errorf("get: got %v, want it gone for good", err)
	}
}
