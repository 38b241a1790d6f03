package salesforcetest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

func TestSessions(t *testing.T) {
	app := &salesforcetest.App{ClientID: "app", ClientSecret: "shh"}
	o := open(t, salesforcetest.Options{App: app, SessionLife: time.Hour})
	o.do("GET", "limits", nil).refused(t, 401, "INVALID_SESSION_ID", "Session expired or invalid")
	refresh := o.NewRefreshToken()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {"app"}, "client_secret": {"shh"}}
	var out map[string]any
	body := string(o.do("POST", "/services/oauth2/token", form).want(t, 200, &out).body)
	if strings.Contains(body, "expires_in") || strings.Contains(body, "refresh_token\":") || out["instance_url"] != "http://example.com" || out["token_type"] != "Bearer" {
		t.Errorf("got %s", body)
	}
	o.token = out["access_token"].(string)
	for range 3 { // use extends a session
		o.clock.Advance(50 * time.Minute)
		o.do("GET", "limits", nil).want(t, 200, nil)
	}
	o.clock.Advance(time.Hour)
	o.do("GET", "limits", nil).refused(t, 401, "INVALID_SESSION_ID", "")

	app.RotateRefresh = true
	o.do("POST", "/services/oauth2/token", form).want(t, 200, &out)
	if out["refresh_token"] == nil || out["refresh_token"] == refresh {
		t.Errorf("rotation: got %v", out["refresh_token"])
	}
	var e struct{ Error, Description string }
	if got := o.do("POST", "/services/oauth2/token", form).want(t, 400, &e); !strings.Contains(string(got.body), `"error_description":"expired access/refresh token"`) || e.Error != "invalid_grant" {
		t.Errorf("old refresh token: got %s", got.body)
	}
	o.token = out["access_token"].(string)
	o.do("GET", "limits", nil).refused(t, 401, "INVALID_SESSION_ID", "") // the old one was used again, hence stolen
	form.Set("refresh_token", out["refresh_token"].(string))
	o.do("POST", "/services/oauth2/token", form).want(t, 400, nil)
	form.Set("refresh_token", o.NewRefreshToken())
	o.do("POST", "/services/oauth2/token", form).want(t, 200, &out)
	if !o.Authenticate(out["access_token"].(string), "http://example.com", salesforcetest.DefaultOrgID[:15]) || o.Authenticate("x", "http://example.com", salesforcetest.DefaultOrgID) {
		t.Error("Authenticate takes a bad token or refuses a good one")
	}
}
