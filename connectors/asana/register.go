package asana

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// taskEvents are what a project's webhook tells of. Events of stories and of other objects are not asked for: nothing would
// be done about them (https://developers.asana.com/reference/createwebhook).
var taskEvents = []string{"task.added", "task.changed", "task.deleted", "task.removed", "task.undeleted"}

// Wanted implements connectors.Registrar: one for each project of webhook_projects that is there. A webhook on the workspace
// would not do, because events of tasks do not rise that far.
func (t *target) Wanted(ctx context.Context, place connectors.Place) ([]connectors.Subscription, error) {
	if len(t.env.Settings.List("webhook_projects")) == 0 {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks",
			Reason: "Asana tells of tasks by project: set webhook_projects to the names of those that it should tell of"}
	}
	var list []connectors.Subscription
	for _, called := range t.env.Settings.List("webhook_projects") {
		gid, err := t.findProject(ctx, name(called))
		if err != nil {
			return nil, err
		}
		if gid != "" && !slices.ContainsFunc(list, func(s connectors.Subscription) bool { return s.Of == gid }) {
			list = append(list, connectors.Subscription{Of: gid, About: called, URL: place.Below(gid), Events: slices.Clone(taskEvents), State: connectors.SubscriptionOn})
		}
	}
	return list, nil
}

// hookFields are those of a webhook that are looked at.
const hookFields = "active,resource.gid,resource.name,target,filters,last_success_at,last_failure_at,delivery_retry_count,failure_deletion_timestamp"

// listedHook is a webhook as Asana lists it.
type listedHook struct {
	GID      string `json:"gid"`
	Active   bool   `json:"active"`
	Resource named  `json:"resource"`
	Target   string `json:"target"`
	Filters  []struct {
		Type    string   `json:"resource_type"`
		Subtype string   `json:"resource_subtype"`
		Action  string   `json:"action"`
		Fields  []string `json:"fields"`
	} `json:"filters"`
	Success time.Time `json:"last_success_at"`
	Failure time.Time `json:"last_failure_at"`
	Retries int       `json:"delivery_retry_count"`
	Deleted time.Time `json:"failure_deletion_timestamp"`
}

// Registered implements connectors.Registrar. Asana shows only what the same app, or the same token's user, created.
func (t *target) Registered(ctx context.Context, _ connectors.Place, after connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	if err := t.ensureSpace(ctx); err != nil {
		return nil, "", err
	}
	query := fieldsOf(hookFields)
	query.Set("workspace", t.names.workspace())
	p, err := list[listedHook](ctx, t.client, "list webhooks", "/webhooks", query, string(after))
	if err != nil {
		return nil, "", err
	}
	var subscriptions []connectors.Subscription
	for _, h := range p.Data {
		subscriptions = append(subscriptions, h.subscription())
	}
	return subscriptions, connectors.Cursor(p.offset()), nil
}

// subscription says of a webhook whose last deliveries failed that it fails since the last one that was taken: Asana deletes
// it after 24 hours of that.
func (h listedHook) subscription() connectors.Subscription {
	s := connectors.Subscription{ID: h.GID, Of: h.Resource.GID, About: h.Resource.Name, URL: h.Target, State: connectors.SubscriptionOn}
	for _, f := range h.Filters {
		event := f.Type + "." + f.Action
		if f.Subtype != "" {
			event += "." + f.Subtype
		}
		if len(f.Fields) > 0 {
			event += "(" + strings.Join(f.Fields, ",") + ")"
		}
		s.Events = append(s.Events, event)
	}
	slices.Sort(s.Events)
	switch {
	case !h.Active:
		s.State, s.Since = connectors.SubscriptionOff, h.Failure
	case h.Retries > 0: // a delivery that is taken sets it back
		s.State, s.Since = connectors.SubscriptionFailing, h.Success
		s.Why = strconv.Itoa(h.Retries) + " tries failed"
		if !h.Deleted.IsZero() {
			s.Why += ", and Asana deletes it at " + h.Deleted.UTC().Format(time.RFC3339)
		}
	}
	return s
}

// Register implements connectors.Registrar. While it runs Asana offers the secret to the address (Offer), and fails when
// nobody echoes it.
func (t *target) Register(ctx context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	filters := make([]map[string]any, 0, len(want.Events))
	for _, event := range want.Events {
		kind, what, _ := strings.Cut(event, ".")
		filters = append(filters, map[string]any{"resource_type": kind, "action": what})
	}
	a := action{op: "create webhook", method: http.MethodPost, path: "/webhooks", fields: hookFields,
		data: map[string]any{"resource": want.Of, "target": want.URL, "filters": filters}}
	var made listedHook
	if err := t.client.do(ctx, a, &made); err != nil {
		return connectors.Subscription{}, connectors.Secret{}, explainHook(err)
	}
	if made.GID == "" {
		return connectors.Subscription{}, connectors.Secret{}, &connectors.Error{Kind: connectors.Temporary, Op: a.op, Reason: "the answer names no webhook"}
	}
	want.ID = made.GID
	return want, connectors.Secret{}, nil
}

// explainHook adds what to do to the two usual refusals.
func explainHook(err error) error {
	reason := ""
	switch status(err) {
	case http.StatusBadRequest:
		reason = "Asana has to reach webhooks.public_url from the internet while it creates a webhook, and did not get its secret back"
	case http.StatusForbidden:
		reason = "the sign-in may not create webhooks there (an OAuth app needs webhooks:write), or webhooks.public_url is no public address"
	default:
		return err
	}
	return &connectors.Error{Kind: connectors.KindOf(err), Op: "create webhook", Status: status(err), Reason: reason, Err: err}
}

// Unregister implements connectors.Registrar.
func (t *target) Unregister(ctx context.Context, _ connectors.Place, have connectors.Subscription) error {
	err := t.client.do(ctx, action{op: "delete webhook", method: http.MethodDelete, path: "/webhooks/" + url.PathEscape(have.ID)}, nil)
	if connectors.KindOf(err) == connectors.NotFound {
		return nil
	}
	return err
}
