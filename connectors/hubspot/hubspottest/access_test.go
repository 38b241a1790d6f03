package hubspottest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

func TestAuthentication(t *testing.T) {
	a := open(t, hubspottest.Options{Scopes: []string{"crm.objects.contacts.read"}})
	a.do("GET", "/crm/v3/objects/contacts", nil).want(t, 200, nil)
	var w wrong
	a.do("POST", "/crm/v3/objects/contacts", `{"properties":{}}`).want(t, 403, &w)
	if w.Category != "MISSING_SCOPES" || !slices.Equal(w.Context["requiredGranularScopes"], []string{"crm.objects.contacts.write"}) {
		t.Errorf("scope: got %+v", w)
	}
	a.do("GET", "/crm/v3/objects/tickets", nil).want(t, 403, nil)
	a.do("GET", "/crm/v3/owners", nil).want(t, 403, nil)
	a.RevokeToken(hubspottest.DefaultToken)
	a.do("GET", "/crm/v3/objects/contacts", nil).want(t, 401, &w)
	if w.Category != "INVALID_AUTHENTICATION" {
		t.Errorf("revoked: got %+v", w)
	}
	a.token = ""
	a.do("GET", "/crm/v3/objects/contacts", nil).want(t, 401, nil)
}

// form posts to a token endpoint.
func (a *account) form(path string, values ...string) reply {
	q := url.Values{}
	for i := 0; i < len(values); i += 2 {
		q.Set(values[i], values[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(q.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

func TestOAuth(t *testing.T) {
	app := &hubspottest.App{ClientID: "app", ClientSecret: "shh", Rotate: true, AccessTTL: time.Hour}
	a := open(t, hubspottest.Options{App: app})
	a.do("GET", "/crm/v3/owners", nil).want(t, 401, nil)

	sum := sha256.Sum256([]byte("verifier"))
	back := "http://localhost:1234/callback"
	to := "/oauth/authorize?client_id=app&state=s1&redirect_uri=" + url.QueryEscape(back) + "&code_challenge_method=S256&code_challenge=" + base64.RawURLEncoding.EncodeToString(sum[:])
	at, err := url.Parse(a.do("GET", to, nil).want(t, 302, nil).header.Get("Location"))
	if err != nil || at.Query().Get("state") != "s1" {
		t.Fatalf("consent: got %v %v, want the state back", at, err)
	}
	code := at.Query().Get("code")
	ask := []string{"grant_type", "authorization_code", "client_id", "app", "client_secret", "shh", "redirect_uri", back, "code", code, "code_verifier"}
	a.form("/oauth/2026-09/token", append(ask, "wrong")...).want(t, 400, nil)

	at, _ = url.Parse(a.do("GET", to, nil).header.Get("Location"))
	ask[9] = at.Query().Get("code")
	var tok struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	a.form("/oauth/2026-09/token", append(ask, "verifier")...).want(t, 200, &tok)
	a.form("/oauth/2026-09/token", append(ask, "verifier")...).want(t, 400, nil)
	a.token = tok.Access
	a.do("GET", "/crm/v3/owners", nil).want(t, 200, nil)

	a.clock.Advance(time.Duration(tok.Expires) * time.Second)
	var w wrong
	a.do("GET", "/crm/v3/owners", nil).want(t, 401, &w)
	if w.Category != "EXPIRED_AUTHENTICATION" {
		t.Errorf("expired: got %+v", w)
	}
	refresh := func(token string) reply {
		return a.form("/oauth/v1/token", "grant_type", "refresh_token", "client_id", "app", "client_secret", "shh", "refresh_token", token)
	}
	old := tok.Refresh
	refresh(old).want(t, 200, &tok)
	refresh(old).want(t, 400, &w)
	if w.Status != "BAD_REFRESH_TOKEN" || tok.Refresh == old {
		t.Errorf("rotation: got %+v and the same token %t, want the old one refused", w, tok.Refresh == old)
	}
	a.token = tok.Access
	a.do("GET", "/crm/v3/owners", nil).want(t, 200, nil)
	a.ExpireTokens()
	a.do("GET", "/crm/v3/owners", nil).want(t, 401, nil)
	a.form("/oauth/v1/token", "grant_type", "refresh_token", "client_id", "app", "client_secret", "no", "refresh_token", tok.Refresh).want(t, 400, nil)
	a.form("/oauth/2026-09/token/revoke", "client_id", "app", "client_secret", "shh", "token", tok.Refresh).want(t, 200, nil)
	refresh(tok.Refresh).want(t, 400, nil)
}

func TestQuotas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := open(t, hubspottest.Options{Limits: &hubspottest.Limits{TenSeconds: 3, Search: 2, Daily: 100}})
		for i := range 3 {
			h := a.do("GET", "/crm/v3/owners", nil).want(t, 200, nil).header
			if got, want := h.Get("X-HubSpot-RateLimit-Remaining"), fmt.Sprint(2-i); got != want {
				t.Errorf("request %d: got remaining %q, want %q", i, got, want)
			}
		}
		var w wrong
		r := a.do("GET", "/crm/v3/owners", nil).want(t, 429, &w)
		if w.Category != "RATE_LIMITS" || w.PolicyName != "TEN_SECONDLY_ROLLING" || r.header.Get("Retry-After") != "" {
			t.Errorf("general: got %+v, Retry-After %q", w, r.header.Get("Retry-After"))
		}
		const path = "/crm/v3/objects/contacts/search"
		a.do("POST", path, `{}`).want(t, 200, nil)
		a.do("POST", "/crm/v3/objects/deals/search", `{}`).want(t, 200, nil)
		w = wrong{}
		r = a.do("POST", path, `{}`).want(t, 429, &w)
		if w.Message != "You have reached your secondly limit." || w.PolicyName != "" || r.header.Get("X-HubSpot-RateLimit-Max") != "" {
			t.Errorf("search: got %+v %v, want no policy and no general headers", w, r.header)
		}
		time.Sleep(time.Second)
		a.do("POST", path, `{}`).want(t, 200, nil)
		a.do("GET", "/crm/v3/owners", nil).want(t, 429, nil)
		time.Sleep(9 * time.Second)
		a.do("GET", "/crm/v3/owners", nil).want(t, 200, nil)
	})
}

func TestOwnersPipelinesPropertiesAccount(t *testing.T) {
	a := open(t, hubspottest.Options{})
	ada := a.AddOwner("Ada", "L", "ada@acme.example", false)
	gone := a.AddOwner("Bob", "M", "bob@acme.example", true)
	for _, tc := range []struct{ path, want string }{
		{"/crm/owners/2026-09", ada}, {"/crm/v3/owners?archived=true&limit=100", gone}, {"/crm/v3/owners/?email=ADA@acme.example", ada},
	} {
		var p page
		a.do("GET", tc.path, nil).want(t, 200, &p)
		if !slices.Equal(p.ids(), []string{tc.want}) {
			t.Errorf("%s: got %v, want %s", tc.path, p.ids(), tc.want)
		}
	}
	a.do("GET", "/crm/v3/owners/"+gone, nil).want(t, 404, nil)
	a.do("GET", "/crm/v3/owners/"+gone+"?archived=true", nil).want(t, 200, nil)

	var lines struct {
		Results []struct {
			ID     string
			Stages []struct {
				ID       string
				Metadata map[string]string
			}
		}
	}
	a.do("GET", "/crm/pipelines/2026-09/deals", nil).want(t, 200, &lines)
	if got := lines.Results[0].Stages[5]; got.ID != "closedwon" || got.Metadata["isClosed"] != "true" || got.Metadata["probability"] != "1.0" {
		t.Errorf("stage: got %+v", got)
	}
	a.AddPipeline("deals", hubspottest.Pipeline{ID: "partners", Label: "Partners", Stages: []hubspottest.Stage{{ID: "won", Label: "Won", Probability: "1.0", Closed: true}}})
	a.do("POST", "/crm/v3/objects/deals", `{"properties":{"dealname":"D","pipeline":"partners","dealstage":"closedwon"}}`).want(t, 400, nil)
	var d record
	a.do("POST", "/crm/v3/objects/deals", `{"properties":{"dealname":"D","pipeline":"partners","dealstage":"won"}}`).want(t, 201, &d)
	if d.get("hs_is_closed_won") != "true" {
		t.Errorf("deal: got %+v, want it won", d)
	}

	a.do("POST", "/crm/properties/2026-09/contacts", `{"name":"erp_number","label":"ERP","type":"string","fieldType":"text","groupName":"contactinformation","hasUniqueValue":true}`).want(t, 201, nil)
	a.do("POST", "/crm/properties/2026-09/contacts", `{"name":"erp_number","label":"ERP","type":"string","fieldType":"text","groupName":"contactinformation"}`).want(t, 409, nil)
	a.do("POST", "/crm/v3/objects/contacts", `{"properties":{"erp_number":"K-1"}}`).want(t, 201, nil)
	a.do("GET", "/crm/v3/objects/contacts/K-1?idProperty=erp_number", nil).want(t, 200, nil)
	a.do("GET", "/crm/v3/objects/contacts/K-1?idProperty=city", nil).want(t, 400, nil)
	a.do("GET", "/crm/v3/properties/contacts/email", nil).want(t, 200, nil)
	a.do("GET", "/crm/v3/properties/contacts/bogus", nil).want(t, 404, nil)
	a.do("GET", "/account-info/v3/details", nil).want(t, 200, nil)
}
