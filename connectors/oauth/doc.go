// Package oauth keeps one connection signed in by OAuth 2.0: it refreshes the access token once for all callers, makes
// a rotated refresh token durable before anything uses the new pair, and turns the token endpoint's refusals into
// connectors.Error. Authorize obtains the first token through the browser.
//
// golang.org/x/oauth2 does the protocol; its own token sources are not used, because they hold a lock during the
// refresh call, never refresh after a 401 and have no place to persist a rotated token (golang/go#77502).
//
// It does not store tokens (Store does), seal them, or put them on requests (package transport does).
package oauth
