package salesforcetest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// token asks the token endpoint and returns its answer and the error it describes.
func (o *org) ask(form url.Values) (map[string]any, string) {
	o.t.Helper()
	r := o.do("POST", "/services/oauth2/token", form)
	var out map[string]any
	must(o.t, json.Unmarshal(r.body, &out))
	if (r.code == 200) != (out["error"] == nil) {
		o.t.Fatalf("got %d %s", r.code, r.body)
	}
	e, _ := out["error"].(string)
	d, _ := out["error_description"].(string)
	return out, strings.Trim(e+": "+d, ": ")
}

func TestWebServerFlow(t *testing.T) {
	o := open(t, salesforcetest.Options{App: &salesforcetest.App{ClientID: "app", ClientSecret: "shh", RedirectURI: "http://127.0.0.1/callback"}})
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"http://127.0.0.1:4711/callback"}, "state": {"s&1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	click := func(decision string) *url.URL {
		t.Helper()
		page := o.do("GET", "/services/oauth2/authorize?"+ask.Encode(), nil)
		ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(string(page.body))
		if page.code != 200 || ticket == nil || !strings.Contains(string(page.body), `id="allow">Allow</button>`) {
			t.Fatalf("got %d %s", page.code, page.body)
		}
		r := o.do("POST", "/services/oauth2/authorize", url.Values{"ticket": {ticket[1]}, "decision": {decision}}).want(t, 302, nil)
		back, err := url.Parse(r.header.Get("Location"))
		must(t, err)
		return back
	}
	if back := click("deny"); back.Query().Get("error") != "access_denied" || back.Query().Get("state") != "s&1" || back.Host != "127.0.0.1:4711" {
		t.Errorf("deny: got %s", back)
	}
	code := click("allow").Query().Get("code")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"app"}, "client_secret": {"shh"}, "redirect_uri": ask["redirect_uri"], "code_verifier": {"wrong"}}
	if _, e := o.ask(form); e != "invalid_grant: invalid code verifier" {
		t.Errorf("wrong verifier: got %s", e)
	}
	form.Set("code_verifier", verifier)
	if _, e := o.ask(form); e != "invalid_grant: expired authorization code" {
		t.Errorf("a code that was used: got %s", e)
	}
	form.Set("code", click("allow").Query().Get("code"))
	out, e := o.ask(form)
	if e != "" || out["refresh_token"] == nil || out["expires_in"] != nil {
		t.Errorf("got %v", out)
	}
	introspect := url.Values{"token": {out["access_token"].(string)}, "client_id": {"app"}, "client_secret": {"shh"}}
	var about map[string]any
	o.do("POST", "/services/oauth2/introspect", introspect).want(t, 200, &about)
	if about["active"] != true || about["username"] != "integration@acme.example" {
		t.Errorf("introspect: got %v", about)
	}
	o.do("POST", "/services/oauth2/revoke", url.Values{"token": {out["refresh_token"].(string)}}).want(t, 200, nil)
	o.token = out["access_token"].(string)
	o.do("GET", "limits", nil).refused(t, 401, "INVALID_SESSION_ID", "")
	for _, change := range []url.Values{{"client_id": {"other"}}, {"redirect_uri": {"https://evil.example/callback"}}, {"code_challenge_method": {"plain"}}} {
		bad := url.Values{}
		for k, v := range ask {
			bad[k] = v
		}
		for k, v := range change {
			bad[k] = v
		}
		o.do("GET", "/services/oauth2/authorize?"+bad.Encode(), nil).want(t, 400, nil)
	}
}

func sign(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		must(t, err)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := encode(map[string]string{"alg": algorithm}) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	must(t, err)
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestJWTBearer(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	o := open(t, salesforcetest.Options{App: &salesforcetest.App{ClientID: "app", Username: "robot@acme.example", Key: &key.PublicKey}})
	for name, tc := range map[string]struct {
		key    *rsa.PrivateKey
		change map[string]any
		want   string
	}{
		"good":         {key, nil, ""},
		"own address":  {key, map[string]any{"aud": "http://example.com"}, ""},
		"other key":    {other, nil, "invalid_grant: invalid assertion"},
		"other client": {key, map[string]any{"iss": "x"}, "invalid_client_id: client identifier invalid"},
		"other user":   {key, map[string]any{"sub": "x@acme.example"}, "invalid_grant: user hasn't approved this consumer"},
		"audience":     {key, map[string]any{"aud": "https://acme.my.salesforce.com/x"}, "invalid_grant: audience is invalid"},
		"slow clock":   {key, map[string]any{"exp": start.Unix() - 1}, "invalid_grant: expired authorization code"},
		"fast clock":   {key, map[string]any{"exp": start.Add(6 * time.Minute).Unix()}, "invalid_grant: invalid assertion"},
	} {
		claims := map[string]any{"iss": "app", "sub": "robot@acme.example", "aud": "https://login.salesforce.com", "exp": start.Add(3 * time.Minute).Unix()}
		for k, v := range tc.change {
			claims[k] = v
		}
		out, e := o.ask(url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, tc.key, "RS256", claims)}})
		if e != tc.want || (e == "" && out["refresh_token"] != nil) {
			t.Errorf("%s: got %s %v, want %s", name, e, out["refresh_token"], tc.want)
		}
	}
	for _, algorithm := range []string{"none", "HS256"} {
		claims := map[string]any{"iss": "app", "sub": "robot@acme.example", "aud": "https://login.salesforce.com", "exp": start.Add(time.Minute).Unix()}
		form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {sign(t, key, algorithm, claims)}}
		if _, e := o.ask(form); e != "invalid_grant: invalid assertion" {
			t.Errorf("%s: got %s", algorithm, e)
		}
	}
}

func TestClientCredentials(t *testing.T) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"shh"}}
	app := &salesforcetest.App{ClientID: "app", ClientSecret: "shh", ClientCredentials: true}
	if out, e := open(t, salesforcetest.Options{App: app}).ask(form); e != "" || out["refresh_token"] != nil {
		t.Errorf("got %v", out)
	}
	if _, e := open(t, salesforcetest.Options{App: app, LoginHost: true}).ask(form); e != "invalid_grant: request not supported on this domain" {
		t.Errorf("login host: got %s", e)
	}
	form.Set("client_secret", "no")
	if _, e := open(t, salesforcetest.Options{App: app}).ask(form); e != "invalid_client: invalid client credentials" {
		t.Errorf("wrong secret: got %s", e)
	}
	o := open(t, salesforcetest.Options{App: app})
	o.SetInstance("https://acme.my.salesforce.com/")
	form.Set("client_secret", "shh")
	if out, _ := o.ask(form); out["instance_url"] != "https://acme.my.salesforce.com" || !strings.HasPrefix(out["id"].(string), "https://acme.my.salesforce.com/id/00D") {
		t.Errorf("got %v", out)
	}
}
