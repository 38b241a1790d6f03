package salesforce_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// findings opens a connection with what a mapping reads, checks it and returns what was found by name.
func findings(t *testing.T, h *harness, now func() time.Time, mapped map[string][]string) map[string]connectors.Finding {
	t.Helper()
	values, problems := salesforce.Connector.Spec.Parse(h.Settings())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	env := connectors.Env{Connection: "sf", Settings: values, HTTP: &http.Client{Transport: signing{}}, Now: now}
	if mapped != nil {
		env.Mapped = func(object string, _ ...string) []string { return mapped[object] }
	}
	opened, err := salesforce.Connector.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	list, err := opened.(connectors.Checker).Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]connectors.Finding{}
	for _, f := range list {
		if one, twice := found[f.What]; twice {
			f.OK, f.Detail = f.OK && one.OK, one.Detail+"\n"+f.Detail
		}
		found[f.What] = f
	}
	return found
}

// signing adds the test token to every request.
type signing struct{}

// RoundTrip implements http.RoundTripper.
func (signing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+testToken)
	return http.DefaultTransport.RoundTrip(r)
}

func want(t *testing.T, found map[string]connectors.Finding, what string, ok bool, parts ...string) {
	t.Helper()
	f, there := found[what]
	if !there || f.OK != ok {
		t.Errorf("%s: got %+v (found: %v), want OK %v", what, f, there, ok)
	}
	for _, part := range parts {
		if !strings.Contains(f.Detail, part) {
			t.Errorf("%s: got %q, want it to say %q", what, f.Detail, part)
		}
	}
}

// TestCheckOfASoundConnection: what is right is said too, with what a backfill will cost.
func TestCheckOfASoundConnection(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.Sandbox = true; o.DailyLimit = 15_000 })
	h.sim.AddField("Contact", salesforcetest.Field{Name: "Score__c", Type: "double", Calculated: true, Precision: 18, Scale: 2})
	h.counted(t, 120_000)
	h.extra["volatile"] = []any{"Case.Reason"}
	h.extra["custom_objects"] = []any{"Case"} // twice is once
	found := findings(t, h, h.clock.Now, map[string][]string{"Contact": {"Score__c", "Name", "Shoe__c", "*__x"}, "Opportunity": {"OpportunityContactRoles", "StageName"}})
	want(t, found, "sign-in", true)
	want(t, found, "version", true, "v67.0", "newest")
	want(t, found, "quota", true, "of 15,000 calls", "stops at 12,000")
	want(t, found, "organization", true, "sandbox", salesforcetest.DefaultOrgID)
	want(t, found, "objects", true)
	want(t, found, "fields", true, "Contact: Shoe__c")
	want(t, found, "formulas", true, "Contact: Score__c", "Case: Reason", "only the sweep")
	want(t, found, "webhook", true, "accepted")
	if d := found["fields"].Detail; strings.Contains(d, "OpportunityContactRoles") {
		t.Errorf("got %q, but opportunities do have their roles", d)
	}
}

// TestCheckSaysTheCostOfABackfill: which way each object goes, and about what it takes of the day.
func TestCheckSaysTheCostOfABackfill(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	h.extra["streams"] = []any{"Account", "Opportunity", "User"}
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/limits/recordCount") {
			_, _ = w.Write([]byte(`{"sObjects":[{"name":"Account","count":120000},{"name":"Opportunity","count":45000},{"name":"User","count":400}]}`))
			return
		}
		next.ServeHTTP(w, r)
	})
	found := findings(t, h, h.clock.Now, nil)
	want(t, found, "backfill", true, "Account: 120,000 rows by Bulk, about 16 calls", "Opportunity: 45,000 rows by REST, about 24 calls", "User: 400 rows by REST, about 2 calls (a Bulk job pays from 20,000 rows on)")
}

// TestCheckSaysWhatIsWrong: an exhausted day, a version that is not offered, an object that may not be read, a
// foreign organization and a short secret each say exactly that.
func TestCheckSaysWhatIsWrong(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	h.extra["organization_id"] = "00D000000000001"
	h.extra["webhook_secret"] = "short"
	found := findings(t, h, h.clock.Now, nil)
	want(t, found, "organization", false, "but organization_id is 00D000000000001EAA")
	want(t, found, "webhook", false, "shorter than 16")

	h = newHarness(t, "Contact", nil)
	h.extra["custom_objects"] = []any{"Secret__c"}
	want(t, findings(t, h, h.clock.Now, nil), "objects", false, "Secret__c does not exist or the user may not read it")

	h = newHarness(t, "Contact", nil)
	h.extra["api_version"] = "v99.0"
	h.behind(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.URL.Path = strings.Replace(r.URL.Path, "v99.0", "v67.0", 1)
		next.ServeHTTP(w, r)
	})
	want(t, findings(t, h, h.clock.Now, nil), "version", false, "v99.0 is not offered")

	h = newHarness(t, "Contact", func(o *salesforcetest.Options) { o.DailyLimit = 100 })
	h.sim.UseCalls(85)
	want(t, findings(t, h, h.clock.Now, nil), "quota", false, "stops at 80, which is reached")
	h.sim.UseCalls(20)
	want(t, findings(t, h, h.clock.Now, nil), "quota", false, "REQUEST_LIMIT_EXCEEDED", "asked again at")
}

// TestCheckOfARefusedToken: a session that is over is the sign-in, whatever it was that was asked.
func TestCheckOfARefusedToken(t *testing.T) {
	h := newHarness(t, "Contact", func(o *salesforcetest.Options) { o.Tokens = []string{"another"} })
	list, err := connectortest.Open(t, h).(connectors.Checker).Check(context.Background())
	if err != nil || len(list) == 0 || list[len(list)-1].What != "sign-in" || list[len(list)-1].OK {
		t.Errorf("got %+v and %v, want the sign-in refused", list, err)
	}
}

// TestFormulasAreSweptMoreOften: when the mapping reads a formula, or may read any, its object's sweep is suggested more
// often.
func TestFormulasAreSweptMoreOften(t *testing.T) {
	h := newHarness(t, "Contact", nil)
	h.sim.AddField("Contact", salesforcetest.Field{Name: "Score__c", Type: "double", Calculated: true})
	values, _ := salesforce.Connector.Spec.Parse(h.Settings())
	for _, c := range []struct {
		mapped func(string, ...string) []string
		want   time.Duration
	}{
		{nil, 24 * time.Hour},
		{func(string, ...string) []string { return []string{"Name"} }, 24 * time.Hour},
		{func(string, ...string) []string { return []string{"Name", "Score__c"} }, 12 * time.Hour},
		{func(string, ...string) []string { return []string{"*__c", "Name"} }, 12 * time.Hour},
		{func(string, ...string) []string { return []string{"*__r", "Name"} }, 24 * time.Hour},
		{func(string, ...string) []string { return nil }, 12 * time.Hour},
	} {
		opened, err := salesforce.Connector.Open(connectors.Env{Connection: "sf", Settings: values, HTTP: &http.Client{Transport: signing{}}, Now: h.clock.Now, Mapped: c.mapped})
		if err != nil {
			t.Fatal(err)
		}
		streams, err := opened.(connectors.Source).Streams(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range streams {
			if s.Name == "Contact" && s.Sweep != c.want {
				t.Errorf("got a sweep every %v, want %v", s.Sweep, c.want)
			}
		}
	}
}
