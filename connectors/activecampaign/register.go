package activecampaign

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// hookEvents are the events that a webhook of ours tells of, by the stream that they are read for. What contacts open and
// click is not read, so it is not asked for (https://developers.activecampaign.com/page/webhooks). Those of accounts are not in
// the documented list of the API, and are asked for only where accounts are read.
var hookEvents = map[string]string{
	contactsStream:        "subscribe unsubscribe update bounce contact_tag_added contact_tag_removed",
	dealsStream:           "deal_add deal_update",
	accountsStream:        "account_add account_update",
	accountContactsStream: "account_contact_add account_contact_update",
}

// hookSources are all of them: also what an API changed need not have been changed by us.
var hookSources = []any{"public", "admin", "api", "system"}

// Wanted implements connectors.Registrar: one webhook for all lists, with the secret at the end of its address. That https goes
// to port 443 only is said at https://developers.activecampaign.com/reference/create-webhook.
func (a *account) Wanted(_ context.Context, place connectors.Place) ([]connectors.Subscription, error) {
	if len(a.secret.Reveal()) < connectors.LeastPathSecret {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks",
			Reason: fmt.Sprintf("ActiveCampaign signs nothing: set webhook_secret to %d characters or more that nobody can guess (`openssl rand -hex 24`), and restart the daemon", connectors.LeastPathSecret)}
	}
	if u, err := url.Parse(place.Address); err != nil || u.Scheme == "https" && u.Port() != "" && u.Port() != "443" {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks",
			Reason: "ActiveCampaign delivers by https to port 443 only, and says nothing when it cannot: webhooks.public_url has another one"}
	}
	want := connectors.Subscription{Name: "Millrace: " + a.connection, URL: place.Below(a.secret.Reveal()), State: connectors.SubscriptionOn}
	for stream, words := range hookEvents {
		if slices.Contains(a.streams, stream) {
			want.Events = append(want.Events, strings.Fields(words)...)
		}
	}
	for _, stream := range []string{contactsStream, dealsStream} { // events of accounts may never come
		if slices.Contains(a.streams, stream) {
			want.Streams = append(want.Streams, stream)
		}
	}
	if slices.Sort(want.Events); len(want.Events) == 0 {
		return nil, nil
	}
	return []connectors.Subscription{want}, nil
}

// hookPage is how many webhooks a page has; 100 is the most that ActiveCampaign gives.
const hookPage = 100

// Registered implements connectors.Registrar.
func (a *account) Registered(ctx context.Context, _ connectors.Place, after connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	const op = "list webhooks"
	offset, _ := strconv.Atoi(string(after))
	n, err := a.get(ctx, op, "webhooks", query("limit", strconv.Itoa(hookPage), "offset", strconv.Itoa(offset)))
	if err != nil {
		return nil, "", err
	}
	rows, err := n.list(op, "webhooks")
	if err != nil {
		return nil, "", err
	}
	var list []connectors.Subscription
	for _, row := range rows {
		list = append(list, subscriptionOf(row))
	}
	if total := n.total(); len(rows) == hookPage || total > int64(offset+len(rows)) {
		if len(rows) == 0 {
			return nil, "", broken(op, "answer is empty, but says that there are more webhooks")
		}
		return list, connectors.Cursor(strconv.Itoa(offset + len(rows))), nil
	}
	return list, "", nil
}

// subscriptionOf reads a webhook. One that is for a single list, or leaves out who caused a change, tells of less than is
// wanted, which its events say. A state other than 1 is a webhook that was turned off; the document has no state, and then it
// is on.
func subscriptionOf(row gjson.Result) connectors.Subscription {
	s := connectors.Subscription{ID: row.Get("id").String(), Name: row.Get("name").String(), URL: row.Get("url").String(), State: connectors.SubscriptionOn}
	for _, event := range row.Get("events").Array() {
		s.Events = append(s.Events, event.String())
	}
	if list := row.Get("listid").String(); list != "" && list != "0" {
		s.Events = append(s.Events, "only of list "+code("l"+list))
	}
	sources := row.Get("sources").Array()
	for _, source := range hookSources {
		if !slices.ContainsFunc(sources, func(r gjson.Result) bool { return r.String() == source }) {
			s.Events = append(s.Events, fmt.Sprintf("not by %s", source))
		}
	}
	slices.Sort(s.Events)
	if state := row.Get("state"); state.Exists() && state.String() != "1" {
		s.State = connectors.SubscriptionOff
	}
	return s
}

// Register implements connectors.Registrar.
func (a *account) Register(ctx context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	const op = "create webhook"
	body, err := a.write(ctx, op, http.MethodPost, "webhooks", want)
	if err != nil {
		return connectors.Subscription{}, connectors.Secret{}, err
	}
	if want.ID = gjson.GetBytes(body, "webhook.id").String(); !isID(want.ID) {
		return connectors.Subscription{}, connectors.Secret{}, broken(op, "the answer names no webhook")
	}
	return want, connectors.Secret{}, nil
}

// Change implements connectors.Changer.
func (a *account) Change(ctx context.Context, _ connectors.Place, have, want connectors.Subscription) error {
	if !isID(have.ID) {
		return &connectors.Error{Kind: connectors.Rejected, Op: "change webhook", Reason: "it has no id"}
	}
	_, err := a.write(ctx, "change webhook", http.MethodPut, "webhooks/"+have.ID, want)
	return err
}

func (a *account) write(ctx context.Context, op, method, path string, want connectors.Subscription) ([]byte, error) {
	events := make([]any, len(want.Events))
	for i, event := range want.Events {
		events[i] = event
	}
	client := a.client
	client.Explain = explain
	r, err := client.Do(ctx, op, method, api+path, nil, map[string]any{"webhook": map[string]any{
		"name": want.Name, "url": want.URL, "events": events, "sources": hookSources, "listid": 0}})
	if err != nil {
		return nil, noPath(path, err)
	}
	return r.Body, nil
}

// Unregister implements connectors.Registrar.
func (a *account) Unregister(ctx context.Context, _ connectors.Place, have connectors.Subscription) error {
	if !isID(have.ID) {
		return &connectors.Error{Kind: connectors.Rejected, Op: "delete webhook", Reason: "it has no id"}
	}
	client := a.client
	client.Explain = explain
	_, err := client.Do(ctx, "delete webhook", http.MethodDelete, api+"webhooks/"+have.ID, nil, nil)
	if connectors.KindOf(noPath("webhooks/"+have.ID, err)) == connectors.NotFound {
		return nil
	}
	return err
}
