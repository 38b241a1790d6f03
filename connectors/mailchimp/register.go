package mailchimp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// hookEvents are the events that a webhook of ours tells of, by the stream that they are read for.
var hookEvents = map[string][]string{
	membersStream:   {"cleaned", "profile", "subscribe", "unsubscribe", "upemail"},
	campaignsStream: {"campaign"},
}

// allEvents and allSources are what a webhook can be set to. Changes by an API are told, too: they need not have been ours.
var (
	allEvents  = []string{"campaign", "cleaned", "profile", "subscribe", "unsubscribe", "upemail"}
	allSources = []string{"admin", "api", "user"}
)

// audiences returns all of them, in one request: an account with more than a page of them is refused.
func (a *account) audiences(ctx context.Context) ([]named, error) {
	const op = "list audiences"
	n, err := a.get(ctx, op, "/lists", query("fields", "lists.id,lists.name,total_items", "count", digits(pageSize), "offset", "0"))
	if err != nil {
		return nil, err
	}
	rows, total, err := n.list(op, listsStream)
	if err != nil {
		return nil, err
	}
	if total > len(rows) {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: fmt.Sprintf("the account has %d audiences; webhooks of more than %d are not registered", total, pageSize)}
	}
	return namedRows(op, rows, "name")
}

// Wanted implements connectors.Registrar: one for each audience. Its address ends in the secret, which is what Mailchimp's
// question whether the address is there is known by. It has the audience before that, because each webhook has a signing
// secret of its own, and one that was made before there were any has none.
func (a *account) Wanted(ctx context.Context, place connectors.Place) ([]connectors.Subscription, error) {
	if len(a.hooks.path.Reveal()) < connectors.LeastPathSecret {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks",
			Reason: fmt.Sprintf("Mailchimp asks for the address before it signs anything: set webhook_secret to %d characters or more that nobody can guess (`openssl rand -hex 24`), and restart the daemon", connectors.LeastPathSecret)}
	}
	var events, streams []string
	for stream, names := range hookEvents {
		if slices.Contains(a.streams, stream) {
			events = append(events, names...)
		}
	}
	if slices.Contains(a.streams, membersStream) { // campaigns change whenever somebody opens one, and are told only when they are sent
		streams = []string{membersStream}
	}
	if slices.Sort(events); len(events) == 0 {
		return nil, nil
	}
	lists, err := a.audiences(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []connectors.Subscription
	for _, l := range lists {
		wanted = append(wanted, connectors.Subscription{Of: l.ID, About: l.Name, URL: place.Below(l.ID, a.hooks.path.Reveal()), Events: events,
			State: connectors.SubscriptionOn, Streams: streams})
	}
	return wanted, nil
}

// Registered implements connectors.Registrar: a page is what one audience has, and the cursor the audiences that are left. An
// audience that was deleted meanwhile has none.
func (a *account) Registered(ctx context.Context, _ connectors.Place, after connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	const op = "list webhooks"
	if after == "" {
		lists, err := a.audiences(ctx)
		if err != nil || len(lists) == 0 {
			return nil, "", err
		}
		ids := make([]string, len(lists))
		for i, l := range lists {
			ids[i] = l.ID
		}
		after = connectors.Cursor(strings.Join(ids, ","))
	}
	id, rest, _ := strings.Cut(string(after), ",")
	n, err := a.get(ctx, op, "/lists/"+id+"/webhooks", query("exclude_fields", "_links,webhooks._links", "count", digits(pageSize)))
	if connectors.KindOf(err) == connectors.NotFound {
		return nil, connectors.Cursor(rest), nil
	}
	if err != nil {
		return nil, "", err
	}
	rows, total, err := n.list(op, "webhooks")
	if err != nil {
		return nil, "", err
	}
	if total > len(rows) {
		return nil, "", broken(op, "answer does not have all webhooks of the audience")
	}
	var found []connectors.Subscription
	for _, row := range rows {
		if !isID(row.Get("id").String()) {
			return nil, "", broken(op, "a webhook in the answer has no id")
		}
		found = append(found, subscriptionOf(id, row))
	}
	return found, connectors.Cursor(rest), nil
}

// subscriptionOf reads a webhook. One that leaves out who caused a change tells of less than is wanted, which its events say.
func subscriptionOf(list string, row gjson.Result) connectors.Subscription {
	s := connectors.Subscription{ID: row.Get("id").String(), Of: list, URL: row.Get("url").String(), State: connectors.SubscriptionOn}
	for _, name := range allEvents {
		if row.Get("events." + name).Bool() {
			s.Events = append(s.Events, name)
		}
	}
	for _, name := range allSources {
		if !row.Get("sources." + name).Bool() {
			s.Events = append(s.Events, "not by "+name)
		}
	}
	slices.Sort(s.Events)
	return s
}

// Register implements connectors.Registrar. Mailchimp asks for the address by GET first. The signing secret is in the answer
// and never shown again; an account whose webhooks are not signed yet tells none, and the secret in the path has to do.
func (a *account) Register(ctx context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	const op = "create webhook"
	r, err := a.client.Do(ctx, op, http.MethodPost, api+"/lists/"+want.Of+"/webhooks", nil, hookBody(want))
	if err != nil {
		return connectors.Subscription{}, connectors.Secret{}, explainHook(op, err)
	}
	if want.ID = gjson.GetBytes(r.Body, "id").String(); !isID(want.ID) {
		return connectors.Subscription{}, connectors.Secret{}, broken(op, "the answer names no webhook")
	}
	return want, connectors.NewSecret(gjson.GetBytes(r.Body, "signing_secret").String()), nil
}

// Change implements connectors.Changer. Mailchimp asks for a new address, too.
func (a *account) Change(ctx context.Context, _ connectors.Place, have, want connectors.Subscription) error {
	const op = "change webhook"
	_, err := a.client.Do(ctx, op, http.MethodPatch, api+"/lists/"+want.Of+"/webhooks/"+have.ID, nil, hookBody(want))
	return explainHook(op, err)
}

func hookBody(want connectors.Subscription) map[string]any {
	events, sources := map[string]any{}, map[string]any{}
	for _, name := range allEvents {
		events[name] = slices.Contains(want.Events, name)
	}
	for _, name := range allSources {
		sources[name] = true
	}
	return map[string]any{"url": want.URL, "events": events, "sources": sources}
}

// explainHook adds what to do to the usual refusal.
func explainHook(op string, err error) error {
	if connectors.KindOf(err) != connectors.Rejected {
		return err
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: op, Err: err,
		Reason: "Mailchimp has to reach webhooks.public_url from the internet while it makes a webhook, and to get 200 for a GET"}
}

// Unregister implements connectors.Registrar.
func (a *account) Unregister(ctx context.Context, _ connectors.Place, have connectors.Subscription) error {
	_, err := a.client.Do(ctx, "delete webhook", http.MethodDelete, api+"/lists/"+have.Of+"/webhooks/"+have.ID, nil, nil)
	if connectors.KindOf(noPath(err)) == connectors.NotFound {
		return nil
	}
	return err
}

// Trusting implements connectors.Truster.
func (a *account) Trusting(secrets ...connectors.Secret) connectors.Webhook {
	more := &account{hooks: a.hooks}
	more.hooks.signing = slices.Concat(a.hooks.signing, secrets)
	return more
}
