package endtoend

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// says fails the test unless the command ended with the code and its messages hold every text.
func (v *vendors) says(o outcome, code int, texts ...string) {
	v.t.Helper()
	if o.code != code {
		v.t.Errorf("ended with %d, want %d:\n%s%s", o.code, code, o.out, o.err)
	}
	for _, text := range texts {
		if !strings.Contains(o.out+o.err, text) {
			v.t.Errorf("got\n%s%swant it to say %q", o.out, o.err, text)
		}
	}
}

// secretFree fails the test when a secret is in a message (invariant 9).
func (v *vendors) secretFree(o outcome, secret string) {
	v.t.Helper()
	if strings.Contains(o.out+o.err, secret) {
		v.t.Errorf("the secret is in\n%s%s", o.out, o.err)
	}
}

// TestWrongHubSpotToken: nothing can be read, the message says so, and with the right token all is there.
func TestWrongHubSpotToken(t *testing.T) {
	v := start(t)
	v.people(3)
	v.hs["token"] = "pat-of-somebody-else"
	o := v.millrace("backfill", "--give-up", "20s")
	v.says(o, 3, "hubspot", "denied (HTTP 401)", "INVALID_AUTHENTICATION")
	v.secretFree(o, "pat-of-somebody-else")
	o = v.millrace("check", "hubspot")
	v.says(o, 3, "sign-in", "HubSpot refuses it: INVALID_AUTHENTICATION; make a new token or authorize again")
	v.secretFree(o, "pat-of-somebody-else")
	v.says(v.millrace("status"), 0, "denied (HTTP 401): INVALID_AUTHENTICATION")

	v.hs["token"] = hubspotToken
	v.backfill()
	v.audit()
}

// TestWrongAsanaToken: what was read waits in the ledger, and is shown with the right token without reading it again.
func TestWrongAsanaToken(t *testing.T) {
	v := start(t)
	v.people(3)
	v.as["token"] = "1/of-somebody-else"
	o := v.millrace("backfill", "--give-up", "20s")
	v.says(o, 3, "target asana", "denied (HTTP 401): Not Authorized")
	v.secretFree(o, "1/of-somebody-else")
	o = v.millrace("check", "asana")
	v.says(o, 3, "sign-in", "denied (HTTP 401): Not Authorized; check token or the OAuth settings")
	if s := v.status(); s.Targets[0].Backlog != 3 || s.Records["hubspot/contacts"] != 3 {
		t.Errorf("got %+v and %v, want 3 contacts waiting", s.Targets, s.Records)
	}
	v.as["token"] = asanaToken
	v.backfill()
	v.audit()
}

// TestMissingScope: one stream that may not be read is named with the scope, and does not stop the others, not even
// what would show its records if there were any.
func TestMissingScope(t *testing.T) {
	scopes := []string{"oauth", "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.owners.read",
		"crm.schemas.contacts.read", "crm.schemas.companies.read", "tickets"}
	v := start(t, func(o *hubspottest.Options) { o.Scopes = scopes })
	ids := v.people(3)
	v.create("companies", map[string]string{"name": "Zidar d.o.o.", "domain": "zidar.example"})
	o := v.millrace("backfill", "--give-up", "20s")
	v.says(o, 3, "hubspot/deals", "denied (HTTP 403): MISSING_SCOPES the app needs crm.objects.deals.read")
	for _, id := range ids {
		v.card("contacts", id)
	}
	v.audit()
	v.says(v.millrace("status"), 0, "hubspot/deals", "MISSING_SCOPES the app needs crm.objects.deals.read")
	v.says(v.millrace("check", "hubspot"), 3, "deals: MISSING_SCOPES the app needs crm.objects.deals.read",
		"add the scopes to the app, or take the streams out of `streams`")
	st := v.status()
	if st.Ready || !strings.Contains(strings.Join(st.Problems, "\n"), "crm.objects.deals.read") {
		t.Errorf("status says ready: %v, problems: %v; want it not ready and the scope named", st.Ready, st.Problems)
	}
	for _, s := range st.Streams {
		if failed := s.Failure.Attempts > 0; failed != strings.Contains(s.Stream, "deals") {
			t.Errorf("stream %s failed: %v, want only those of deals", s.Stream, failed)
		}
	}
	v.hs["streams"] = "[contacts, companies, tickets, owners, pipelines_tickets]"
	v.backfill()
}

// TestVersionIsGone: HubSpot ends versions of its API. Whichever way it says so, a person is told at once.
func TestVersionIsGone(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			v := start(t)
			v.people(3)
			v.backfill()
			v.tampering.refusing(func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Date", v.clock.Now().Format(http.TimeFormat))
				w.WriteHeader(status)
				return true
			})
			v.says(v.millrace("backfill", "--give-up", "20s"), 3, "contacts", "gone", "check api_version and base_url")
			v.says(v.millrace("status"), 0, "check api_version and base_url")
			v.tampering.refusing(nil)
			if s := v.backfill(); s.Items.Closed != 0 {
				t.Errorf("got %d closed, want none", s.Items.Closed)
			}
			v.audit()
		})
	}
}
