package zendesk

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// hookEvents are the types of event that a webhook of ours tells of, by the stream that they are read for. Those without
// a meaning for what is read (photos, sign-ins) are not asked for. Zendesk refuses a list with a type it does not know, so
// only documented ones are in it; a ticket's history and comments change with the ticket.
// https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/
var hookEvents = map[string]string{
	usersStream: "active_changed alias_changed created custom_field_changed custom_role_changed default_group_changed deleted " +
		"details_changed external_id_changed group_membership_created group_membership_deleted identity_changed identity_created " +
		"identity_deleted merged name_changed notes_changed organization_membership_created organization_membership_deleted " +
		"role_changed suspended_changed tags_changed time_zone_changed",
	agentsStream:        "active_changed created deleted merged name_changed role_changed suspended_changed",
	organizationsStream: "created custom_field_changed deleted external_id_changed name_changed tags_changed",
	ticketsStream: "agent_assignment_changed brand_changed comment_added created custom_field_changed custom_status_changed " +
		"description_changed external_id_changed form_changed group_assignment_changed marked_as_spam merged organization_changed " +
		"permanently_deleted priority_changed requester_changed soft_deleted status_changed subject_changed tags_changed " +
		"task_due_at_changed type_changed undeleted",
}

// subjectsOf are what the events of a stream are about.
var subjectsOf = map[string]string{usersStream: "user", agentsStream: "user", organizationsStream: "organization", ticketsStream: "ticket"}

// forTriggers is the subscription of a webhook that triggers use. Zendesk never makes one of events out of it, so that it is
// what a person made and nothing of ours, whatever it delivers to.
const forTriggers = "conditional_ticket_events"

// Wanted implements connectors.Registrar: one webhook for everything.
func (a *account) Wanted(_ context.Context, place connectors.Place) ([]connectors.Subscription, error) {
	want := connectors.Subscription{Name: "Millrace: " + a.connection, URL: place.Below(), State: connectors.SubscriptionOn}
	for stream, words := range hookEvents {
		if !slices.Contains(a.streams, stream) {
			continue
		}
		for word := range strings.FieldsSeq(words) {
			want.Events = append(want.Events, "zen:event-type:"+subjectsOf[stream]+"."+word)
		}
	}
	slices.Sort(want.Events)
	if want.Events = slices.Compact(want.Events); want.Events == nil {
		return nil, nil
	}
	return []connectors.Subscription{want}, nil
}

// Registered implements connectors.Registrar. Zendesk pages by a cursor
// (https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/#list-webhooks).
func (a *account) Registered(ctx context.Context, _ connectors.Place, after connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	const op = "list webhooks"
	q := query("page[size]", "100")
	if after != "" {
		q.Set("page[after]", string(after))
	}
	n, err := a.get(ctx, op, "/webhooks", q)
	if err != nil {
		return nil, "", err
	}
	rows, err := n.list(op, "webhooks")
	if err != nil {
		return nil, "", err
	}
	var list []connectors.Subscription
	for _, row := range rows {
		if s := subscriptionOf(row); !slices.Contains(s.Events, forTriggers) {
			list = append(list, s)
		}
	}
	meta := n.members["meta"]
	if !meta.Get("has_more").Bool() {
		return list, "", nil
	}
	next := meta.Get("after_cursor").String()
	if next == "" || next == string(after) {
		return nil, "", broken(op, "answer says that there are more webhooks, but not where")
	}
	return list, connectors.Cursor(next), nil
}

func subscriptionOf(row gjson.Result) connectors.Subscription {
	s := connectors.Subscription{ID: row.Get("id").String(), Name: row.Get("name").String(), URL: row.Get("endpoint").String(), State: connectors.SubscriptionOn}
	for _, event := range row.Get("subscriptions").Array() {
		s.Events = append(s.Events, event.String())
	}
	slices.Sort(s.Events)
	if status := row.Get("status").String(); status != "active" {
		s.State, s.Why = connectors.SubscriptionOff, code(status)
	}
	return s
}

// Register implements connectors.Registrar. The secret is not in the answer: SigningSecret asks for it.
func (a *account) Register(ctx context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	const op = "create webhook"
	body, err := a.write(ctx, op, http.MethodPost, "/webhooks", want)
	if err != nil {
		return connectors.Subscription{}, connectors.Secret{}, err
	}
	if want.ID = gjson.GetBytes(body, "webhook.id").String(); want.ID == "" {
		return connectors.Subscription{}, connectors.Secret{}, broken(op, "the answer names no webhook")
	}
	return want, connectors.Secret{}, nil
}

// Change implements connectors.Changer. PATCH leaves everything else as it is, headers and authentication among it.
func (a *account) Change(ctx context.Context, _ connectors.Place, have, want connectors.Subscription) error {
	_, err := a.write(ctx, "change webhook", http.MethodPatch, "/webhooks/"+url.PathEscape(have.ID), want)
	return err
}

func (a *account) write(ctx context.Context, op, method, path string, want connectors.Subscription) ([]byte, error) {
	client := a.client
	client.Explain = explain(path)
	r, err := client.Do(ctx, op, method, api+path, nil, map[string]any{"webhook": map[string]any{
		"name": want.Name, "endpoint": want.URL, "http_method": http.MethodPost, "request_format": "json", "status": "active",
		"subscriptions": toAny(want.Events)}})
	if err != nil {
		return nil, noPath(path, err)
	}
	return r.Body, nil
}

func toAny(list []string) []any {
	out := make([]any, len(list))
	for i, one := range list {
		out[i] = one
	}
	return out
}

// Unregister implements connectors.Registrar.
func (a *account) Unregister(ctx context.Context, _ connectors.Place, have connectors.Subscription) error {
	path := "/webhooks/" + url.PathEscape(have.ID)
	client := a.client
	client.Explain = explain(path)
	_, err := client.Do(ctx, "delete webhook", http.MethodDelete, api+path, nil, nil)
	if connectors.KindOf(err) == connectors.NotFound {
		return nil
	}
	return err
}

// SigningSecret implements connectors.SecretReader.
// https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/#show-webhook-signing-secret
func (a *account) SigningSecret(ctx context.Context, have connectors.Subscription) (connectors.Secret, error) {
	const op = "read signing secret"
	n, err := a.get(ctx, op, "/webhooks/"+url.PathEscape(have.ID)+"/signing_secret", nil)
	if err != nil {
		return connectors.Secret{}, err
	}
	secret := connectors.NewSecret(n.members["signing_secret"].Get("secret").String())
	if secret.IsZero() {
		return secret, broken(op, "the answer has no secret")
	}
	return secret, nil
}

// Trusting implements connectors.Truster.
func (a *account) Trusting(secrets ...connectors.Secret) connectors.Webhook {
	more := &account{hooks: a.hooks}
	more.hooks.more = slices.Concat(a.hooks.more, secrets)
	return more
}
