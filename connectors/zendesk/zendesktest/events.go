package zendesktest

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// event is the body of an event webhook, in the recorded form.
type event struct {
	Type    string         `json:"type"`
	Account int64          `json:"account_id"`
	ID      string         `json:"id"`
	Time    string         `json:"time"`
	Version string         `json:"zendesk_event_version"`
	Subject string         `json:"subject"`
	Detail  map[string]any `json:"detail"`
	Event   map[string]any `json:"event"`
}

// named are the columns whose changes have an event of their own: table, column, the word in the event's type. See
// https://developer.zendesk.com/api-reference/webhooks/event-types/webhook-event-types/.
var named = []struct{ table, column, word string }{
	{"users", "name", "name_changed"}, {"users", "alias", "alias_changed"}, {"users", "external_id", "external_id_changed"},
	{"users", "role", "role_changed"}, {"users", "tags", "tags_changed"}, {"users", "suspended", "suspended_changed"},
	{"users", "notes", "notes_changed"}, {"users", "details", "details_changed"}, {"users", "default_group_id", "default_group_changed"},
	{"users", "time_zone", "time_zone_changed"}, {"users", "custom_role_id", "custom_role_changed"},
	{"organizations", "name", "name_changed"}, {"organizations", "external_id", "external_id_changed"}, {"organizations", "tags", "tags_changed"},
	{"tickets", "status", "status_changed"}, {"tickets", "priority", "priority_changed"}, {"tickets", "subject", "subject_changed"},
	{"tickets", "type", "type_changed"}, {"tickets", "assignee_id", "agent_assignment_changed"}, {"tickets", "group_id", "group_assignment_changed"},
	{"tickets", "requester_id", "requester_changed"}, {"tickets", "organization_id", "organization_changed"}, {"tickets", "tags", "tags_changed"},
	{"tickets", "external_id", "external_id_changed"}, {"tickets", "custom_status_id", "custom_status_changed"}, {"tickets", "brand_id", "brand_changed"},
	{"tickets", "ticket_form_id", "form_changed"}, {"tickets", "due_at", "task_due_at_changed"},
}

// shouted are the columns whose words ticket events write in capitals, unlike the API.
var shouted = []string{"status", "priority", "type"}

// tell makes the events of a stored version; before is nil for a new row. The caller holds mu.
func (s *Server) tell(t *table, o *row, before *version, by actor) {
	switch t.plural {
	case "users", "organizations", "tickets":
	case "identities":
		s.tellIdentity(t, o, before, by)
		return
	case "organization_memberships":
		s.tellMembership(t, o, before, by)
		return
	default:
		return
	}
	switch {
	case before == nil:
		s.emit(t, o, "created", by, map[string]any{})
		return
	case before.state != o.cur.state:
		s.tellState(t, o, before, by)
		return
	case o.cur.state != live:
		return
	}
	for _, n := range named {
		if n.table != t.plural {
			continue
		}
		if was, is := before.get(t.slot(n.column)), o.cur.get(t.slot(n.column)); was != is {
			if slices.Contains(shouted, n.column) {
				was, is = strings.ToUpper(was), strings.ToUpper(is)
			}
			s.emit(t, o, n.word, by, map[string]any{"previous": told(was), "current": told(is)})
		}
	}
	for _, c := range o.cur.customs {
		if was := before.custom(c.key); was != c.json {
			s.emit(t, o, "custom_field_changed", by, map[string]any{"field": map[string]any{"id": c.key}, "previous": told(was), "current": told(c.json)})
		}
	}
}

// tellState makes the events of a row that goes or comes back.
func (s *Server) tellState(t *table, o *row, before *version, by actor) {
	word := map[int]string{live: "undeleted", deleted: "deleted", purged: "permanently_deleted"}[o.cur.state]
	switch {
	case t.plural == "tickets" && word == "deleted":
		word = "soft_deleted"
	case t.plural == "users" && word != "permanently_deleted":
		s.emit(t, o, "active_changed", by, map[string]any{"previous": before.state == live, "current": o.cur.state == live})
		if word == "undeleted" {
			return
		}
	}
	s.emit(t, o, word, by, map[string]any{})
}

// told is how an event tells a value: ids and numbers as text, nothing as null.
func told(value string) any {
	switch {
	case value == "":
		return nil
	case value == "true", value == "false":
		return value == "true"
	case strings.HasPrefix(value, "["), strings.HasPrefix(value, "{"):
		return json.RawMessage(value)
	}
	return plain(value)
}

func (s *Server) tellIdentity(t *table, o *row, before *version, by actor) {
	user := s.table("users").rows[t.number(o.cur, "user_id")]
	if user == nil || user.cur == nil {
		return
	}
	word := "identity_created"
	if before != nil {
		word = "identity_changed"
	}
	s.emit(s.table("users"), user, word, by, map[string]any{"identity": map[string]any{"id": digits(o.id), "type": "email", "primary": t.text(o.cur, "primary") == "true", "value": t.text(o.cur, "value")}})
}

func (s *Server) tellMembership(t *table, o *row, before *version, by actor) {
	user := s.table("users").rows[t.number(o.cur, "user_id")]
	if user == nil || before != nil {
		return
	}
	s.emit(s.table("users"), user, "organization_membership_created", by, map[string]any{"organization": map[string]any{"id": t.text(o.cur, "organization_id")}})
}

// tellTicket makes the events that an audit has beyond the ticket's columns, and the triggers' deliveries.
func (s *Server) tellTicket(o *row, before *version, a audit, by actor) {
	if a.comment != nil && before != nil {
		t := s.table("comments")
		s.emit(s.table("tickets"), o, "comment_added", by, map[string]any{"comment": map[string]any{"id": digits(a.comment.id), "body": t.text(a.comment.cur, "body"),
			"is_public": t.text(a.comment.cur, "public") != "false", "author": map[string]any{"id": t.text(a.comment.cur, "author_id")}}})
	}
	s.hooks.trigger(s, o)
}

// tellMerge is the only place where a merge names both sides.
func (s *Server) tellMerge(kind string, loser, winner *row, by actor) {
	t := s.table(kind + "s")
	s.emit(t, loser, "merged", by, map[string]any{kind: map[string]any{"id": digits(winner.id)}})
}

// emit queues an event for every webhook that subscribed to its type.
func (s *Server) emit(t *table, o *row, word string, by actor, what map[string]any) {
	kind := "zen:event-type:" + t.singular + "." + word
	if !s.hooks.wanted(kind) {
		return
	}
	version := "2022-06-20"
	if slices.Contains([]string{"deleted", "merged", "permanently_deleted"}, word) {
		version = "2022-11-06" // recorded
	}
	if t.plural == "tickets" {
		what["meta"] = map[string]any{"sequence": map[string]any{"id": strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", "")), "position": 1}}
	}
	s.hooks.queue(s, kind, marshal(event{Type: kind, Account: s.opt.AccountID, ID: uuid.NewString(), Time: instant(s.now()), Version: version,
		Subject: "zen:" + t.singular + ":" + digits(o.id), Detail: s.detail(t, o, by), Event: what}))
}

// detail is the row as events tell it: ids are texts, and "0" or "" where there is nothing (recorded for users). What it
// holds of tickets is in https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events.
func (s *Server) detail(t *table, o *row, by actor) map[string]any {
	out := map[string]any{"id": digits(o.id), "created_at": instant(o.cur.created), "updated_at": instant(o.cur.updated), "external_id": t.text(o.cur, "external_id")}
	id := func(name string) { out[name] = digits(t.number(o.cur, name)) }
	switch t.plural {
	case "users":
		out["email"], out["role"] = t.text(o.cur, "email"), t.text(o.cur, "role")
		id("default_group_id")
		id("organization_id")
	case "organizations":
		out["name"], out["shared_comments"], out["shared_tickets"] = t.text(o.cur, "name"), false, false
	case "tickets":
		for _, name := range []string{"requester_id", "assignee_id", "group_id", "organization_id", "brand_id", "submitter_id"} {
			id(name)
		}
		out["actor_id"], out["form_id"], out["custom_status"] = digits(by.id), digits(t.number(o.cur, "ticket_form_id")), digits(t.number(o.cur, "custom_status_id"))
		out["subject"], out["description"] = t.text(o.cur, "subject"), t.text(o.cur, "description")
		for _, name := range shouted {
			out[name] = strings.ToUpper(t.text(o.cur, name))
		}
		out["tags"], out["is_public"], out["via"] = append([]string{}, t.list(o.cur, "tags")...), true, map[string]any{"channel": "api"}
	}
	return out
}
