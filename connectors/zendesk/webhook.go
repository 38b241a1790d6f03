package zendesk

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Parse implements connectors.Webhook. A delivery holds one event that Zendesk describes itself, or what a trigger was told
// to send: {"ticket_id": "{{ticket.id}}", "updated_at": "{{ticket.updated_at_with_timestamp}}"}. Events of other accounts,
// of what is not read and of unknown types are ignored.
// https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/
func (a *account) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	if len(d.Body) > maxDelivery || !gjson.ValidBytes(d.Body) {
		return nil, errors.New("parse delivery: body is not JSON or too large")
	}
	body := gjson.ParseBytes(d.Body)
	if !body.IsObject() {
		return nil, errors.New("parse delivery: body is not an object")
	}
	if kind := body.Get("type"); kind.Type == gjson.String {
		return a.hooks.event(kind.Str, body), nil
	}
	ticket := idOf(body.Get("ticket_id"))
	if ticket == "" {
		return nil, errors.New("parse delivery: neither an event nor a trigger's body with a ticket_id")
	}
	return a.hooks.hints(connectors.Hint{Ref: a.ref(ticketsStream, ticket), At: parsed(body.Get("updated_at").String())}), nil
}

// event returns what an event hints at. Its type is `zen:event-type:user.merged`; some of Zendesk's pages have a slash
// for the last colon.
func (h hooks) event(kind string, body gjson.Result) []connectors.Hint {
	kind, ok := strings.CutPrefix(kind, "zen:event-type")
	domain, what, found := strings.Cut(strings.TrimLeft(kind, ":/"), ".")
	if id := idOf(body.Get("account_id")); !ok || !found || h.account != "" && h.account != "0" && id != "" && id != h.account {
		return nil
	}
	object, known := map[string]string{"user": usersStream, "organization": organizationsStream, "ticket": ticketsStream}[domain]
	id := subjectOf(domain, body)
	if !known || id == "" {
		return nil
	}
	hint := connectors.Hint{Ref: connectors.Ref{Connection: h.connection, Object: object, ID: id}, At: parsed(body.Get("time").String())}
	other := hint
	other.Ref.ID = either(idOf(body.Get("event."+domain+".id")), idOf(body.Get("event.target_"+domain+"_id"))) // where a merge went
	switch {
	case domain == "ticket":
		return h.ticket(what, hint, other)
	case what == "merged":
		return h.merged(hint, other)
	case domain == "user":
		return h.user(what, body, hint)
	case what == "deleted":
		hint.Deleted.Kind = connectors.Soft
	}
	return h.hints(hint)
}

// user hints at the user, and at the agent when it is or was one.
func (h hooks) user(what string, body gjson.Result, hint connectors.Hint) []connectors.Hint {
	if what == "deleted" || what == "active_changed" && body.Get("event.current").Type == gjson.False {
		hint.Deleted.Kind = connectors.Soft
	}
	if what == "permanently_deleted" {
		hint.Deleted.Kind = connectors.Privacy
	}
	list := []connectors.Hint{hint}
	if role := body.Get("detail.role").String(); role == "agent" || role == "admin" || what == "role_changed" {
		agent := connectors.Hint{Ref: hint.Ref, At: hint.At}
		agent.Ref.Object = agentsStream
		list = append(list, agent)
	}
	return h.hints(list...)
}

// merged says of the one that is gone where it went. Both stamps, that of the event and that of the loser's last change,
// are cut to the second; the merge is put at the end of its second, for it is the last that happens to the loser, and
// the deletion that polling sees must not count as later.
func (h hooks) merged(gone, winner connectors.Hint) []connectors.Hint {
	if winner.Ref.ID == "" || winner.Ref.ID == gone.Ref.ID {
		return h.hints(gone)
	}
	gone.Deleted = connectors.Deletion{Kind: connectors.Merged, Into: winner.Ref}
	if !gone.At.IsZero() {
		gone.At = gone.At.Truncate(time.Second).Add(time.Second - time.Millisecond)
	}
	return h.hints(winner, gone)
}

// ticket hints at the ticket, and with a merge at the other one too: a merged ticket is closed, not gone.
func (h hooks) ticket(what string, hint, other connectors.Hint) []connectors.Hint {
	switch {
	case what == "permanently_deleted":
		hint.Deleted.Kind = connectors.Privacy
	case what == "soft_deleted":
		hint.Deleted.Kind = connectors.Soft
	case what == "merged" && other.Ref.ID != "" && other.Ref.ID != hint.Ref.ID:
		return h.hints(hint, other)
	}
	return h.hints(hint)
}

// hints returns those of what is read.
func (h hooks) hints(list ...connectors.Hint) []connectors.Hint {
	return slices.DeleteFunc(list, func(hint connectors.Hint) bool { return !slices.Contains(h.streams, hint.Ref.Object) })
}

// subjectOf returns the id in `zen:user:123`, else that of the details.
func subjectOf(domain string, body gjson.Result) string {
	if id, ok := strings.CutPrefix(body.Get("subject").String(), "zen:"+domain+":"); ok && isID(id) {
		return id
	}
	return idOf(body.Get("detail.id"))
}

// idOf returns an id, which events write as text and triggers as they were told. The digits are taken as they stand: a
// float would lose them above 2^53. "0" stands for none.
func idOf(v gjson.Result) string {
	text := v.Str
	if v.Type == gjson.Number {
		text = v.Raw
	}
	if !isID(text) || text == "0" {
		return ""
	}
	return text
}
