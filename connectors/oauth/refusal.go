package oauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// What is attempted, as errors name it.
const (
	opSignIn  = "sign in"
	opRefresh = "refresh token"
)

// maxSkew is how far our clock may be off before a refused assertion is blamed on it: assertions live three minutes.
const maxSkew = time.Minute

// temporaryCodes are the refusals of RFC 6749 (4.1.2.1) that heal; every other refusal below 500 needs a person.
var temporaryCodes = map[string]bool{"temporarily_unavailable": true, "server_error": true}

// shownCodes are the refusals of RFC 6749 (5.2), RFC 8628 and the vendors that may be shown. Other texts, and every
// description, could hold anything.
var shownCodes = map[string]bool{"invalid_grant": true, "invalid_client": true, "invalid_request": true, "invalid_scope": true,
	"unauthorized_client": true, "unsupported_grant_type": true, "access_denied": true, "inactive_user": true, "inactive_org": true,
	"invalid_client_id": true, "invalid_app_access": true, "invalid_assertion_type": true, "redirect_uri_mismatch": true,
	"OAUTH_APP_BLOCKED": true, "OAUTH_APP_ACCESS_DENIED": true, "rate_limit_exceeded": true, "temporarily_unavailable": true, "server_error": true}

// clockHint blames the clock when the vendor's answer does not tell the time.
const clockHint = "this machine's clock is probably wrong; set it"

// hints say what a vendor's words mean and what to do; the first that fits counts. A vendor's description is never shown,
// only looked through. Salesforce's words are those of its documents and of public reports; an assertion that came too
// late is an "expired authorization code" there (https://salesforce.stackexchange.com/questions/282513).
var hints = []struct {
	code, word string // empty = any
	assertion  bool   // only of a refused assertion
	hint       string
}{
	{word: "expired authorization code", assertion: true, hint: clockHint},
	{word: "token validity expired", assertion: true, hint: clockHint},
	{word: "assertion is expired", assertion: true, hint: clockHint},
	{word: "assertion expired", assertion: true, hint: clockHint},
	{word: "hasn't approved this consumer", hint: "the user is not allowed to use the app; pre-authorize the user's profile or permission set in the app's policies"},
	{code: "invalid_app_access", hint: "the user is not allowed to use the app; pre-authorize the user's profile or permission set in the app's policies"},
	{word: "audience is invalid", hint: "the organization is of another kind than the sign-in says: production or sandbox"},
	{word: "invalid assertion", assertion: true, hint: "the key is not the one whose certificate the app has, or the user name is wrong"},
	{word: "no client credentials user", hint: "the app has no user to run as; choose one in the app's client credentials policy"},
	{word: "not supported on this domain", hint: "this grant works on the organization's own My Domain address only"},
	{word: "ip restricted", hint: "the app or the user may not sign in from this network; relax its IP restrictions or allow this address"},
	{word: "user is locked", hint: "the user is locked; unlock the user"},
	{word: "redirect uri", hint: "the callback address is not one that the app has"},
	{code: "redirect_uri_mismatch", hint: "the callback address is not one that the app has"},
	{code: "inactive_user", hint: "the user is inactive; activate the user or sign in as another one"},
	{code: "inactive_org", hint: "the organization is locked or closed"},
	{code: "invalid_client_id", hint: "the vendor does not know client_id"},
	{word: "client identifier invalid", hint: "the vendor does not know client_id"},
	{word: "client credentials", hint: "client_id or client_secret is wrong"},
	{code: "invalid_client", hint: "client_id or client_secret is wrong"},
	{code: "invalid_scope", hint: "the app may not ask for these scopes; add them to the app"},
	{code: "unauthorized_client", hint: "the app does not allow this way to sign in; turn it on in the app's settings"},
	{code: "unsupported_grant_type", hint: "the vendor does not offer this way to sign in at this address"},
}

// limitedWords are refusals that only ask to wait: Salesforce lets a user sign in 3,600 times an hour.
var limitedWords = []string{"login rate exceeded", "rate limit"}

// classify turns a failed call of the token endpoint into an error that shows neither tokens nor the answer's text.
func (s *Source) classify(op string, err error) error {
	now := s.config.Now()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: cause(err)}
	}
	e := &connectors.Error{Op: op, Status: refused.Response.StatusCode, Kind: connectors.Denied, After: rest.RetryAfter(refused.Response.Header, now)}
	known := shownCodes[refused.ErrorCode]
	if known {
		e.Reason = refused.ErrorCode
	}
	words := strings.ToLower(refused.ErrorDescription)
	switch by := rest.KindOfStatus(e.Status); {
	case by == connectors.Limited, slices.ContainsFunc(limitedWords, func(w string) bool { return strings.Contains(words, w) }):
		e.Kind = connectors.Limited
	case temporaryCodes[refused.ErrorCode], by == connectors.Temporary && !known:
		e.Kind = connectors.Temporary
	}
	if e.Kind == connectors.Denied {
		e.Err = errors.New(s.hint(refused, words, now))
	}
	return e
}

// hint says what a person can do about a refusal.
func (s *Source) hint(refused *oauth2.RetrieveError, words string, now time.Time) string {
	known := s.knownHint(refused.ErrorCode, words)
	// Only assertions carry our time. Of other grants the vendor takes no notice of our clock.
	if skew, far := skewOf(refused.Response.Header, now); far && s.config.OAuth.Grant == connectors.JWTBearerGrant {
		told := "this machine's clock is " + skew + " the vendor's; set it"
		if known != "" && known != clockHint {
			told += "; if that does not help, " + known
		}
		return told
	}
	if known != "" {
		return known
	}
	return s.vagueHint(refused)
}

// knownHint returns the hint for a code and a description in small letters, "" when they say nothing.
func (s *Source) knownHint(code, words string) string {
	for _, h := range hints {
		if h.assertion && s.config.OAuth.Grant != connectors.JWTBearerGrant {
			continue
		}
		if (h.code == "" || h.code == code) && (h.word == "" || strings.Contains(words, h.word)) {
			return h.hint
		}
	}
	return ""
}

// vagueHint goes by the status where the vendor's words say nothing.
func (s *Source) vagueHint(refused *oauth2.RetrieveError) string {
	switch status := refused.Response.StatusCode; {
	case status >= 300 && status < 400:
		return "the token endpoint has moved; check base_url and the account's address"
	case status == http.StatusNotFound:
		return "there is no token endpoint at this address; check base_url and the account's name"
	case s.config.OAuth.Grant != connectors.RefreshGrant:
		return "check the OAuth client's settings, at the vendor and here"
	case refused.ErrorCode == "invalid_grant":
		return "the sign-in ended or was revoked; " + s.signInHint()
	}
	return "check the OAuth client, or " + s.signInHint()
}

// signInHint names the command that signs in.
func (s *Source) signInHint() string {
	return "sign in with `millrace auth " + s.config.Connection + "`"
}

// skewOf says how far our clock is from the vendor's, and whether that is too far.
func skewOf(h http.Header, now time.Time) (string, bool) {
	theirs, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return "", false
	}
	skew := now.Sub(theirs).Round(time.Second)
	if skew < 0 {
		return (-skew).String() + " behind", -skew > maxSkew
	}
	return skew.String() + " ahead of", skew > maxSkew
}

// cause says what is wrong with an answer that is no refusal.
func cause(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "missing access_token"):
		return errors.New("the answer has no access token")
	case strings.Contains(text, "cannot parse"):
		return errors.New("the answer is no token; check base_url and whether a proxy or a login page answers")
	}
	return rest.Cause(err)
}
