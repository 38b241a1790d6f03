// Package oauth keeps one connection signed in by OAuth 2.0: it renews the access token once for all callers, makes a
// rotated refresh token durable before anything uses the new pair, accepts the instance that a token belongs to, and
// turns the token endpoint's refusals into connectors.Error with what to do. Authorize obtains the first token through
// the browser.
//
// What a crash between the grant and its saving costs: nothing with client credentials and assertions, which are simply
// asked for again and never stored; nothing with a refresh token that stays the same (Salesforce without rotation,
// Asana); the sign-in with one that rotates (Zendesk, HubSpot where it rotates, Salesforce where the app says so),
// because the vendor has forgotten the old one by then. No client can avoid that; a person signs in again.
//
// golang.org/x/oauth2 does the protocol; its own token sources are not used, because they hold a lock during the
// refresh call, never refresh after a 401 and have no place to persist a rotated token (golang/go#77502).
//
// It does not store tokens (Store does), seal them, or put them on requests (package transport does).
package oauth
