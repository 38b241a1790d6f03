package hubspot

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// owner is an account that also has the key of who owns the app, and so is told by the API what the app's webhooks are. An
// app has one address and any number of subscriptions, which tell of every account that it is installed in
// (https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide).
type owner struct {
	*account
	app string // its id
	key connectors.Secret
}

// appState is what HubSpot has of the app's webhooks.
type appState struct {
	target string // "" = it delivers nowhere
	most   int64  // how many deliveries at a time, 0 without a target
	list   []appSubscription
}

// appSubscription is one of the app's.
type appSubscription struct {
	id     string
	event  string // contact.creation, contact.propertyChange:email
	active bool
	ours   bool // of a kind that a connection asks for
}

// webhooks is the path of an app's webhooks. That of 2026-03 is an odd one out.
func (v version) webhooks(app string) string {
	if v == legacy || v == "2026-03" {
		return "/webhooks/" + string(v) + "/" + app
	}
	return "/app-webhooks/" + string(v) + "/" + app
}

// ownersRequest reports whether a request is about an app's webhooks. It carries the owner's key; the account's token is not
// for that, and a key that is refused says nothing about the token.
func ownersRequest(r *http.Request) bool {
	return strings.Contains(r.URL.Path, "/webhooks/") || strings.Contains(r.URL.Path, "/app-webhooks/")
}

// call makes a request as the app's owner. HubSpot takes the key in the query and nowhere else (`developer_hapikey` in its
// specification), so no error may have the address in it.
func (o *owner) call(ctx context.Context, op, method, path string, in any) (gjson.Result, error) {
	client := o.client
	client.Explain = o.explainOwner
	r, err := client.Do(ctx, op, method, o.version.webhooks(o.app)+path, query("hapikey", o.key.Reveal()), in)
	if err != nil {
		return gjson.Result{}, err
	}
	return gjson.ParseBytes(r.Body), nil
}

func (o *owner) explainOwner(status int, h http.Header, body []byte) rest.Problem {
	p := o.explain("")(status, h, body)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		p.Reason += "; developer_api_key must be of the developer account that owns the app, and the app needs the scopes of what it tells of"
	case http.StatusNotFound:
		p.Reason += "; check app_id, and api_version"
	}
	p.Reason = strings.TrimPrefix(p.Reason, "; ")
	return p
}

// state asks for the address and the subscriptions. Without an address the settings are answered with 404; what the
// subscriptions of such an app are answered with nobody documents, so there 404 is taken for none.
func (o *owner) state(ctx context.Context) (appState, error) {
	const op = "read the app's webhooks"
	var s appState
	set, err := o.call(ctx, op, http.MethodGet, "/settings", nil)
	none := connectors.KindOf(err) == connectors.NotFound
	if err != nil && !none {
		return s, err
	}
	s.target, s.most = set.Get("targetUrl").String(), set.Get("throttling.maxConcurrentRequests").Int()
	answer, err := o.call(ctx, op, http.MethodGet, "/subscriptions", nil)
	if none && connectors.KindOf(err) == connectors.NotFound {
		return s, nil
	}
	if err != nil {
		return s, noPath("/subscriptions", err)
	}
	rows := answer.Get("results")
	if !rows.IsArray() {
		return s, broken(op, "answer has no results")
	}
	for _, row := range rows.Array() {
		one := appSubscription{id: idOf(row.Get("id")), event: row.Get("eventType").String(), active: row.Get("active").Bool()}
		if one.id == "" || one.event == "" {
			return s, broken(op, "a subscription in the answer has no id or no type")
		}
		one.ours = asksFor(one.event)
		if name := row.Get("propertyName").String(); name != "" {
			one.event += ofProperty + name
		}
		s.list = append(s.list, one)
	}
	return s, nil
}

// events returns what the app tells of that a connection asks for, ordered. What is paused, or is there twice, is not what
// anybody wants, and its events say so.
func (s appState) events() (list []string) {
	for _, sub := range s.list {
		switch {
		case sub.ours && sub.active:
			list = append(list, sub.event)
		case sub.ours:
			list = append(list, "paused "+sub.event)
		}
	}
	slices.Sort(list)
	return list
}

// Check implements connectors.Checker: what the account's own says, and whether the key opens the app.
func (o *owner) Check(ctx context.Context) ([]connectors.Finding, error) {
	list, err := o.account.Check(ctx)
	if err != nil {
		return list, err
	}
	s, err := o.state(ctx)
	f := connectors.Finding{OK: err == nil, What: "app", Detail: "the developer API key is accepted; the app delivers nowhere yet, see `millrace webhook register`"}
	switch kind := connectors.KindOf(err); {
	case kind == connectors.Denied || kind == connectors.Gone || kind == connectors.Rejected:
		f.Detail = err.Error()
	case err != nil:
		return list, err
	case s.target != "":
		f.Detail = fmt.Sprintf("the developer API key is accepted; the app delivers to %s", hostOf(s.target))
	}
	return append(list, f), nil
}

// hostOf is an address without what may be secret in it.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an address that cannot be read"
	}
	return u.Scheme + "://" + u.Host
}
