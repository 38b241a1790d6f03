package salesforcetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// oauthError is how the OAuth endpoints answer: an object, where the data APIs answer an array.
type oauthError struct {
	Kind        string `json:"error"`
	Description string `json:"error_description"`
}

// Error makes an oauthError an error.
func (e *oauthError) Error() string { return e.Kind + ": " + e.Description }

func refused(kind, description string) *oauthError { return &oauthError{kind, description} }

// oauthHandler answers a request of the OAuth endpoints or returns why not, with 400.
type oauthHandler func(http.ResponseWriter, *http.Request) error

// ServeHTTP writes the answer.
func (h oauthHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	err := h(w, r)
	switch e := err.(type) {
	case nil:
	case *oauthError:
		writeJSON(w, http.StatusBadRequest, e)
	default:
		writeFailure(w, asFailure(err))
	}
}

// oauthRoutes mounts the OAuth endpoints, see
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_endpoints.htm.
func (s *Server) oauthRoutes(mux *http.ServeMux) {
	mux.Handle("GET /services/oauth2/authorize", oauthHandler(s.authorize))
	mux.Handle("POST /services/oauth2/authorize", oauthHandler(s.decide))
	mux.Handle("POST /services/oauth2/token", oauthHandler(s.token))
	mux.Handle("POST /services/oauth2/revoke", oauthHandler(s.revoke))
	mux.Handle("GET /services/oauth2/revoke", oauthHandler(s.revoke))
	mux.Handle("POST /services/oauth2/introspect", oauthHandler(s.introspect))
	mux.Handle("GET /services/oauth2/userinfo", s.authenticate(handler(s.userInfo)))
	mux.Handle("POST /services/oauth2/userinfo", s.authenticate(handler(s.userInfo)))
	mux.Handle("GET /id/{org}/{user}", handler(s.identity))
}

func same(x, y string) bool { return subtle.ConstantTimeCompare([]byte(x), []byte(y)) == 1 }

// client checks who asks for a token, by the form or by HTTP Basic.
func (a *authority) client(r *http.Request) *oauthError {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	if a.app == nil || !same(id, a.app.ClientID) {
		return refused("invalid_client_id", "client identifier invalid")
	}
	if a.app.ClientSecret != "" && !same(secret, a.app.ClientSecret) {
		return refused("invalid_client", "invalid client credentials")
	}
	return nil
}

// jwtGrant is the grant type of a signed assertion.
const jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// token answers all flows. There is no expires_in, and only the first answer of the web server flow and those after a
// rotation have a refresh token.
func (s *Server) token(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refused("invalid_request", "unreadable form")
	}
	a, form := s.auth, r.PostForm
	a.mu.Lock()
	defer a.mu.Unlock()
	refresh, shown := "", ""
	var e *oauthError
	switch form.Get("grant_type") {
	case jwtGrant:
		e = s.assertion(form.Get("assertion"), s.base(r))
	case "authorization_code":
		if e = a.client(r); e == nil {
			refresh, e = a.redeem(form)
			shown = refresh
		}
	case "refresh_token":
		if e = a.client(r); e == nil {
			refresh, e = a.rotate(form.Get("refresh_token"))
			if refresh != form.Get("refresh_token") {
				shown = refresh
			}
		}
	case "client_credentials":
		e = s.clientCredentials(r)
	default:
		e = refused("unsupported_grant_type", "grant type not supported")
	}
	if e != nil {
		return e
	}
	writeJSON(w, http.StatusOK, s.granted(r, a.newSession(refresh), shown))
	return nil
}

// granted is the answer to a sign-in.
func (s *Server) granted(r *http.Request, access, refresh string) map[string]any {
	id := s.identityURL(s.base(r), s.auth.user)
	issued := strconv.FormatInt(s.now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(s.auth.app.ClientSecret))
	mac.Write([]byte(id + issued))
	out := map[string]any{"access_token": access, "instance_url": s.base(r), "id": id, "issued_at": issued, "token_type": "Bearer",
		"scope": "refresh_token api id", "signature": base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	if refresh != "" {
		out["refresh_token"] = refresh
	}
	return out
}

// rotate returns the refresh token that stays good. A token that was rotated away and comes again is taken for stolen:
// the one it became and all of its sessions end, see https://help.salesforce.com/s/articleView?id=005316711.
func (a *authority) rotate(old string) (string, *oauthError) {
	if !a.refresh[old] {
		if a.replaced[old] != "" {
			for token := old; token != ""; token = a.replaced[token] {
				a.revoke(token)
			}
		}
		return "", refused("invalid_grant", "expired access/refresh token")
	}
	if !a.app.RotateRefresh {
		return old, nil
	}
	delete(a.refresh, old)
	fresh := a.newRefresh()
	a.replaced[old] = fresh
	return fresh, nil
}

// clientCredentials is allowed on the organization's own address only.
func (s *Server) clientCredentials(r *http.Request) *oauthError {
	if s.opt.LoginHost {
		return refused("invalid_grant", "request not supported on this domain")
	}
	if e := s.auth.client(r); e != nil {
		return e
	}
	if !s.auth.app.ClientCredentials || s.auth.app.ClientSecret == "" {
		return refused("invalid_grant", "no client credentials user enabled")
	}
	return nil
}

// base is the address of the instance: what SetInstance said, else where the request came to.
func (s *Server) base(r *http.Request) string {
	if named := s.instance.Load(); named != nil {
		return *named
	}
	return "http://" + r.Host
}

// revoke forgets a token, see https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil || !s.Revoke(r.Form.Get("token")) {
		return refused("unsupported_token_type", "this token type is not supported")
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// introspect tells an app about its token.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refused("invalid_request", "unreadable form")
	}
	a := s.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.client(r); e != nil {
		return e
	}
	token := r.PostForm.Get("token")
	x, now := a.sessions[token], a.clock.Now()
	out := map[string]any{"active": false}
	if x != nil && (x.forever || now.Sub(x.used) < a.life) || a.refresh[token] {
		out = map[string]any{"active": true, "scope": "refresh_token api id", "client_id": a.app.ClientID, "username": s.username(), "token_type": "access_token",
			"sub": s.identityURL(s.base(r), a.user), "iat": now.Unix(), "nbf": now.Unix()}
		if x != nil {
			out["exp"] = x.used.Add(a.life).Unix()
		} else {
			out["token_type"] = "refresh_token"
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// identityURL is the address that names a user of the organization.
func (s *Server) identityURL(base, user string) string {
	return base + "/id/" + s.opt.OrgID + "/" + user
}

// userInfo answers who the token stands for, with the keys of OpenID Connect (recorded).
func (s *Server) userInfo(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, s.person(r, bearer(r)))
	return nil
}

func (s *Server) person(r *http.Request, token string) map[string]any {
	user := s.auth.userOf(token)
	row, _ := s.Row("User", user)
	base := s.base(r)
	return map[string]any{"sub": s.identityURL(base, user), "user_id": user, "organization_id": s.opt.OrgID, "preferred_username": row.Fields["Username"],
		"nickname": row.Fields["Alias"], "name": row.Fields["Name"], "email": row.Fields["Email"], "email_verified": true, "family_name": row.Fields["LastName"],
		"zoneinfo": "America/Los_Angeles", "address": map[string]string{"country": "US"}, "active": true, "user_type": "STANDARD", "language": "en_US",
		"is_salesforce_integration_user": true, "locale": "en_US", "utcOffset": -28_800_000, "updated_at": row.Modified.Format("2006-01-02T15:04:05Z"), "urls": urls(base)}
}

// urls are the addresses of the APIs, with {version} for the client to fill in.
func urls(base string) map[string]string {
	return map[string]string{"rest": base + "/services/data/v{version}/", "sobjects": base + "/services/data/v{version}/sobjects/",
		"query": base + "/services/data/v{version}/query/", "custom_domain": base}
}

// identity answers the identity URL: 403 with a bare word for a bad token.
func (s *Server) identity(w http.ResponseWriter, r *http.Request) error {
	token := bearer(r)
	if token == "" {
		token = r.URL.Query().Get("oauth_token")
	}
	org, ok := canonicalID(r.PathValue("org"))
	if !s.auth.valid(token) || !ok || org != s.opt.OrgID {
		http.Error(w, "Bad_OAuth_Token", http.StatusForbidden)
		return nil
	}
	p := s.person(r, token)
	writeJSON(w, http.StatusOK, map[string]any{"id": p["sub"], "asserted_user": true, "user_id": p["user_id"], "organization_id": s.opt.OrgID, "username": p["preferred_username"],
		"nick_name": p["nickname"], "display_name": p["name"], "email": p["email"], "email_verified": true, "active": true, "user_type": "STANDARD", "language": "en_US",
		"locale": "en_US", "utcOffset": p["utcOffset"], "last_modified_date": strings.Replace(p["updated_at"].(string), "Z", ".000+0000", 1),
		"is_app_installed": true, "urls": p["urls"], "timezone": p["zoneinfo"]})
	return nil
}

// redeem returns the refresh token for an authorization code, which is good once and for 15 minutes.
func (a *authority) redeem(form url.Values) (string, *oauthError) {
	c, ok := a.codes[form.Get("code")]
	delete(a.codes, form.Get("code"))
	switch {
	case !ok || a.clock.Now().Sub(c.made) > codeLife:
		return "", refused("invalid_grant", "expired authorization code")
	case c.redirect != form.Get("redirect_uri"):
		return "", refused("redirect_uri_mismatch", "redirect_uri must match configuration")
	case !c.proves(form.Get("code_verifier")):
		return "", refused("invalid_grant", "invalid code verifier")
	}
	return a.newRefresh(), nil
}
