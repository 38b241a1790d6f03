package hubspot_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/transport"
	"github.com/millrace/millrace/mapping"
)

const ownersKey = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// appHarness is an account with a public app and the key of who owns it.
func appHarness(t testing.TB) *harness {
	h := newHarness(t, "deals", func(o *hubspottest.Options) {
		o.App = &hubspottest.App{ClientID: "client", ClientSecret: testSecret, DeveloperKey: ownersKey}
	})
	h.extra = map[string]any{"portal_id": 62515, "app_id": hubspottest.AppID, "developer_api_key": ownersKey}
	return h
}

// appRegistrar is what is asked of a connection that has the key.
type appRegistrar interface {
	connectors.Registrar
	connectors.Changer
}

// openApp opens a connection as the hub does: requests of the app's owner carry no account's token, and the simulator refuses
// those that do.
func openApp(t testing.TB, h *harness, mapped func(string, ...string) []string, change ...any) any {
	t.Helper()
	settings := h.Settings()
	for i := 0; i+1 < len(change); i += 2 {
		settings[change[i].(string)] = change[i+1]
	}
	values, problems := hubspot.Connector.Spec.Parse(settings)
	if problems != nil {
		t.Fatal(problems)
	}
	client, _, err := transport.Open(transport.Config{Connection: "hs", Spec: hubspot.Connector.Spec, Values: values, Now: h.clock.Now, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	opened, err := hubspot.Connector.Open(connectors.Env{Connection: "hs", Settings: values, HTTP: client, Now: h.clock.Now, Mapped: mapped})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

var ownersRequests = sandbox.Match{Path: "^/app-webhooks/"}

var appPlace = connectors.Place{Connection: "hs", Address: publicURL}

func wanted(t *testing.T, r appRegistrar) connectors.Subscription {
	t.Helper()
	list, err := r.Wanted(t.Context(), appPlace)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v, want one subscription", list, err)
	}
	return list[0]
}

// TestWantedFollowsWhatIsRead: the events of the objects that are read, with one for each property that the mapping reads,
// a setting names, or there is.
func TestWantedFollowsWhatIsRead(t *testing.T) {
	h := appHarness(t)
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: hubspot.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hs_v2_date_entered_closedwon", "their_own"} {
		h.addProperty(t, "deals", name)
	}
	const always = "company.creation company.deletion company.merge company.restore " +
		"deal.associationChange deal.creation deal.deletion deal.merge deal.restore"
	for name, c := range map[string]struct {
		mapped     func(string, ...string) []string
		change     []any
		have, miss string
	}{
		"the mapping": {rules.Members, nil, always + " deal.propertyChange:dealname deal.propertyChange:hs_v2_date_entered_closedwon company.propertyChange:name",
			"deal.propertyChange:their_own deal.propertyChange:hs_priority contact.creation company.privacyDeletion company.associationChange"},
		"the mapping reads all": {func(string, ...string) []string { return nil }, nil, always + " deal.propertyChange:their_own deal.propertyChange:hs_priority", ""},
		"no mapping":            {nil, nil, always + " deal.propertyChange:their_own", ""},
		"a setting":             {rules.Members, []any{"webhook_properties", []string{"their_*", "name", "nowhere"}}, always + " deal.propertyChange:their_own company.propertyChange:name", "deal.propertyChange:dealname deal.propertyChange:nowhere"},
	} {
		change := append([]any{"streams", []string{"companies", "deals", "owners"}}, c.change...)
		want := wanted(t, openApp(t, h, c.mapped, change...).(appRegistrar))
		if want.URL != publicURL || !slices.IsSorted(want.Events) {
			t.Errorf("%s: got %+v, want the public address and ordered events", name, want)
		}
		for _, event := range strings.Fields(c.have) {
			if !slices.Contains(want.Events, event) {
				t.Errorf("%s: %s is not told", name, event)
			}
		}
		for _, event := range strings.Fields(c.miss) {
			if slices.Contains(want.Events, event) {
				t.Errorf("%s: %s is told", name, event)
			}
		}
		if slices.ContainsFunc(want.Events, func(e string) bool { return strings.Contains(e, "lastmodifieddate") }) {
			t.Errorf("%s: the time of modification is told, which HubSpot takes no subscription of", name)
		}
	}
	people := wanted(t, openApp(t, h, rules.Members, "streams", []string{"contacts"}).(appRegistrar))
	if !slices.Contains(people.Events, "contact.privacyDeletion") || !slices.Contains(people.Events, "contact.associationChange") {
		t.Errorf("contacts: got %v", people.Events)
	}
	if list, err := openApp(t, h, nil, "streams", []string{"owners"}).(appRegistrar).Wanted(t.Context(), appPlace); err != nil || list != nil {
		t.Errorf("owners alone: got %v, %v, want nothing", list, err)
	}
}

// TestWantedNeedsItsSettings: what deliveries are known by, and which account they are of, must be known before any comes.
func TestWantedNeedsItsSettings(t *testing.T) {
	h := appHarness(t)
	for name, change := range map[string][]any{"webhook_secret": {"webhook_secret", nil}, "portal_id": {"portal_id", nil}} {
		_, err := openApp(t, h, nil, change...).(appRegistrar).Wanted(t.Context(), appPlace)
		if connectors.KindOf(err) != connectors.Rejected || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got %v, want it named", name, err)
		}
	}
	for i := range 1000 {
		h.addProperty(t, "deals", fmt.Sprint("their_", i))
	}
	_, err := openApp(t, h, nil).(appRegistrar).Wanted(t.Context(), appPlace)
	if connectors.KindOf(err) != connectors.Rejected || !strings.Contains(err.Error(), "webhook_properties") {
		t.Errorf("more than an app may have: got %v, want the setting named", err)
	}
	for _, change := range []map[string]any{{"app_id": 7}, {"developer_api_key": "k"}, {"app_id": -7, "developer_api_key": "k"}} {
		change["token"] = testToken
		values, _ := hubspot.Connector.Spec.Parse(change)
		if _, err := hubspot.Connector.Open(connectors.Env{Connection: "hs", Settings: values, HTTP: http.DefaultClient, Now: h.clock.Now}); err == nil {
			t.Errorf("%v: opened, want the settings refused", change)
		}
	}
}

// TestWithoutTheKeyAPersonHasToDoIt: an account alone registers nothing and says what to do.
func TestWithoutTheKeyAPersonHasToDoIt(t *testing.T) {
	h := newHarness(t, "deals", nil)
	opened := connectortest.Open(t, h)
	if _, ok := opened.(connectors.Registrar); ok {
		t.Fatal("without the owner's key: got a registrar")
	}
	steps := strings.Join(opened.(connectors.ByHander).ByHand(appPlace), "\n")
	for _, want := range []string{publicURL, "developer_api_key", "webhook_secret", "contact.privacyDeletion", "ticket.restore", "deal.propertyChange"} {
		if !strings.Contains(steps, want) {
			t.Errorf("%q is not said in\n%s", want, steps)
		}
	}
}

// TestAnyEndOfARegistrationIsMadeGood: whichever request fails, or is carried out and its answer lost, the next run completes
// what is there, and nothing is there twice.
func TestAnyEndOfARegistrationIsMadeGood(t *testing.T) {
	for _, kind := range []string{"500", sandbox.Lost, sandbox.Lost500} {
		for skip := range 12 {
			h := appHarness(t)
			r := openApp(t, h, nil, "webhook_properties", []string{"dealname", "name"}, "streams", []string{"deals"}).(appRegistrar)
			want := wanted(t, r)
			if err := h.plan.Add(sandbox.Fault{Kind: kind, Match: ownersRequests, Skip: skip, Times: 1}); err != nil {
				t.Fatal(err)
			}
			_, _, err := r.Register(t.Context(), appPlace, want)
			h.plan.Clear()
			if err != nil {
				found, _, listErr := r.Registered(t.Context(), appPlace, "")
				if err = listErr; err == nil && len(found) == 0 {
					_, _, err = r.Register(t.Context(), appPlace, want)
				} else if err == nil {
					err = r.Change(t.Context(), appPlace, found[0], want)
				}
			}
			list, _, listErr := r.Registered(t.Context(), appPlace, "")
			if err != nil || listErr != nil || len(list) != 1 || !slices.Equal(list[0].Events, want.Events) || list[0].URL != publicURL {
				t.Errorf("%s after %d: got %+v, %v, %v, want %v", kind, skip, list, err, listErr, want.Events)
			}
		}
	}
}

// TestRefusedSubscriptionIsNamed: one that HubSpot does not take leaves the others, and is not tried for ever.
func TestRefusedSubscriptionIsNamed(t *testing.T) {
	h := appHarness(t)
	r := openApp(t, h, nil, "webhook_properties", []string{"dealname", "amount"}, "streams", []string{"deals"}).(appRegistrar)
	want := wanted(t, r)
	want.Events = slices.Insert(want.Events, 0, "deal.propertyChange:num_unique_conversion_events")
	_, _, err := r.Register(t.Context(), appPlace, want)
	if connectors.KindOf(err) != connectors.Rejected || !strings.Contains(err.Error(), "num_unique_conversion_events") || !strings.Contains(err.Error(), "webhook_properties") {
		t.Errorf("got %v, want the property named and what to do", err)
	}
	if got := len(h.sim.AppSubscriptions()); got != len(want.Events)-1 {
		t.Errorf("%d subscriptions were made, want all %d others", got, len(want.Events)-1)
	}
	before := h.log.Totals().Requests
	want.Events = nil
	for i := range 40 {
		want.Events = append(want.Events, fmt.Sprintf("deal.applauded%02d", i))
	}
	if err := r.Change(t.Context(), appPlace, connectors.Subscription{}, want); err == nil {
		t.Error("nothing of it is known: got no error")
	}
	if got, most := h.log.Totals().Requests-before, 2+5+len(h.sim.AppSubscriptions())+10; got > most {
		t.Errorf("%d requests for what is always refused, want at most %d", got, most)
	}
}

// TestOwnersKeyIsShy: HubSpot takes the key in the address, which must not be in any error, whatever goes wrong.
func TestOwnersKeyIsShy(t *testing.T) {
	for _, kind := range []string{"401", "403", "404", "429", "500", sandbox.Drop, sandbox.Truncate, sandbox.HTML, sandbox.Lost} {
		fault := sandbox.Fault{Kind: kind, Match: ownersRequests}
		h := appHarness(t)
		r := openApp(t, h, nil).(appRegistrar)
		want := wanted(t, r)
		if err := h.plan.Add(fault); err != nil {
			t.Fatal(err)
		}
		_, _, listErr := r.Registered(t.Context(), appPlace, "")
		_, _, err := r.Register(t.Context(), appPlace, want)
		found, checkErr := r.(connectors.Checker).Check(t.Context())
		if err == nil {
			t.Errorf("%s: registered", fault.Kind)
		}
		if text := fmt.Sprint(listErr, err, r.Unregister(t.Context(), appPlace, want), found, checkErr); strings.Contains(text, ownersKey) || strings.Contains(text, testToken) {
			t.Errorf("%s: a secret is shown: %s", fault.Kind, text)
		}
	}
	h := appHarness(t)
	bad := openApp(t, h, nil, "developer_api_key", "of another account").(appRegistrar)
	_, _, err := bad.Registered(t.Context(), appPlace, "")
	if connectors.KindOf(err) != connectors.Denied || !strings.Contains(err.Error(), "developer_api_key") {
		t.Errorf("another's key: got %v, want it named", err)
	}
	list, err := bad.(connectors.Checker).Check(t.Context())
	if i := slices.IndexFunc(list, func(f connectors.Finding) bool { return f.What == "app" }); err != nil || i < 0 || list[i].OK {
		t.Errorf("another's key: check found %v, %v", list, err)
	}
	if list, err := openApp(t, h, nil).(connectors.Checker).Check(t.Context()); err != nil || slices.ContainsFunc(list, func(f connectors.Finding) bool { return !f.OK }) {
		t.Errorf("all right: check found %v, %v", list, err)
	}
}

// TestAppContract: every request about an app and its answer agrees with what HubSpot publishes, for each version.
func TestAppContract(t *testing.T) {
	for _, version := range []string{"2026-09", "2026-03", "2025-09", "v3"} {
		c := &checking{next: http.DefaultTransport, docs: documents(t, version+"/webhooks-r147891.json"), seen: map[string]int{}, unsigned: true}
		h := appHarness(t)
		values, _ := hubspot.Connector.Spec.Parse(map[string]any{"token": testToken, "base_url": h.url, "webhook_secret": testSecret, "portal_id": 62515,
			"app_id": hubspottest.AppID, "developer_api_key": ownersKey, "api_version": version})
		opened, err := hubspot.Connector.Open(connectors.Env{Connection: "hs", Settings: values, HTTP: &http.Client{Transport: c}, Now: h.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		r := opened.(appRegistrar)
		have := connectors.Subscription{URL: publicURL, Events: []string{"contact.creation", "contact.propertyChange:email", "deal.merge"}}
		steps := []func(context.Context) error{
			func(ctx context.Context) (err error) { have, _, err = r.Register(ctx, appPlace, have); return err },
			func(ctx context.Context) error {
				h.sim.PauseApp()
				return r.Change(ctx, appPlace, have, connectors.Subscription{URL: publicURL, Events: have.Events[1:]})
			},
			func(ctx context.Context) error { _, _, err := r.Registered(ctx, appPlace, ""); return err },
			func(ctx context.Context) error { return r.Unregister(ctx, appPlace, have) },
			func(ctx context.Context) error { return r.Unregister(ctx, appPlace, have) },
		}
		for i, step := range steps {
			if err := step(t.Context()); err != nil {
				t.Errorf("%s, step %d: %v", version, i, err)
			}
		}
		for _, p := range c.problems {
			t.Errorf("%s: %s", version, p)
		}
		if len(c.seen) != 7 {
			t.Errorf("%s: got %d operations, want 7: %v", version, len(c.seen), c.seen)
		}
		if h.sim.AppTarget() != "" || len(h.sim.AppSubscriptions()) != 0 {
			t.Errorf("%s: %q and %v are left", version, h.sim.AppTarget(), h.sim.AppSubscriptions())
		}
	}
}
