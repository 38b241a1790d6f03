package endtoend

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestShortIDsOfSalesforce: reports and imports write Salesforce's ids with 15 characters, the API with 18. A contact of
// HubSpot's that names either is the contact of Salesforce's.
func TestShortIDsOfSalesforce(t *testing.T) {
	v := start(t)
	clock := sandbox.NewClock(time.Now().Add(-time.Hour))
	sim := salesforcetest.New(salesforcetest.Options{Clock: clock, App: &salesforcetest.App{ClientID: "client", ClientSecret: "secret", ClientCredentials: true}})
	url := v.listen(sim.Handler())
	v.extra += fmt.Sprintf("  sf: {connector: salesforce, sign_in: client_credentials, client_id: client, client_secret: secret, login_url: %q, base_url: %q}\n", url, url)
	v.hubspot.AddProperty("contacts", "salesforcecontactid", "string", false)
	for i, length := range []int{15, 18} {
		id, err := sim.Create("Contact", map[string]any{"LastName": fmt.Sprintf("Novak %d", i), "Email": fmt.Sprintf("novak%d@zidar.example", i)})
		v.ok(err)
		contact := v.create("contacts", map[string]string{"lastname": "Somebody", "email": fmt.Sprintf("private%d@home.example", i), "salesforcecontactid": id[:length]})
		clock.Advance(10 * time.Minute)
		v.backfill()
		o := v.millrace("customer", "show", "sf/Contact/"+id, "--json")
		if !strings.Contains(o.out, "hubspot/contacts/"+contact) {
			t.Errorf("an id of %d characters: the two are not one customer:\n%s%s", length, o.out, o.err)
		}
	}
}
