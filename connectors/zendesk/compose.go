package zendesk

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/verbatim"
)

// A record is Zendesk's object verbatim. What belongs to it and Zendesk keeps elsewhere is added behind, each as one
// member, where the object does not have it itself:
//
//	users                     identities: all e-mail addresses and phone numbers, with their verification
//	agents                    group_name: the name of the default group
//	tickets                   metric_set: the metrics; group_name; custom_field_values: the custom fields that have a value, by
//	                          their ids
//	ticket_events             changed: the last value of status, assignee_id, group_id and priority in it; group_name
//	ticket_comments           ticket_id; author_role: end-user, agent or admin
//	organization_memberships  user_role; user_active
//
// All of it, but for the names of an event's groups, comes with the same answer ("side-loads",
// https://developer.zendesk.com/documentation/ticketing/using-the-zendesk-api/side_loading/), whichever endpoint the object
// is read from, so that a record is the same bytes whichever way it came. One member is taken off: deleted_at while it is
// null, which only the organizations' export has.

// adding adds to the data of one row.
type adding func(data json.RawMessage, row gjson.Result) json.RawMessage

// addition returns what is added to the objects of an answer.
func addition(object string, n answer) adding {
	switch object {
	case usersStream:
		identities := grouped(n.members["identities"], "user_id")
		return func(data json.RawMessage, row gjson.Result) json.RawMessage {
			if list := identities[row.Get("id").String()]; list != nil {
				return verbatim.With(data, row, "identities", "["+string(bytes.Join(list, []byte(",")))+"]")
			}
			return data
		}
	case agentsStream:
		names := named(n.members["groups"], "name")
		return func(data json.RawMessage, row gjson.Result) json.RawMessage {
			return verbatim.With(data, row, "group_name", names[row.Get("default_group_id").String()])
		}
	case ticketsStream:
		return ticketAddition(n)
	case eventsStream:
		return eventAddition(n)
	case commentsStream:
		roles, ticket := named(n.members["users"], "role"), n.members["ticket"].Raw
		return func(data json.RawMessage, row gjson.Result) json.RawMessage {
			data = verbatim.With(data, row, "ticket_id", ticket)
			return verbatim.With(data, row, "author_role", roles[row.Get("author_id").String()])
		}
	case membershipsStream:
		roles, active := named(n.members["users"], "role"), named(n.members["users"], "active")
		return func(data json.RawMessage, row gjson.Result) json.RawMessage {
			data = verbatim.With(data, row, "user_role", roles[row.Get("user_id").String()])
			return verbatim.With(data, row, "user_active", active[row.Get("user_id").String()])
		}
	case organizationsStream:
		return func(data json.RawMessage, row gjson.Result) json.RawMessage {
			if row.Get("deleted_at").Type == gjson.Null {
				return verbatim.Without(data, "deleted_at")
			}
			return data
		}
	}
	return func(data json.RawMessage, _ gjson.Result) json.RawMessage { return data }
}

func ticketAddition(n answer) adding {
	metrics, names := map[string]string{}, named(n.members["groups"], "name")
	for _, set := range n.members["metric_sets"].Array() {
		metrics[set.Get("ticket_id").String()] = set.Raw
	}
	return func(data json.RawMessage, row gjson.Result) json.RawMessage {
		data = verbatim.With(data, row, "metric_set", metrics[row.Get("id").String()])
		data = verbatim.With(data, row, "group_name", names[row.Get("group_id").String()])
		return verbatim.With(data, row, "custom_field_values", valuesByID(row.Get("custom_fields")))
	}
}

// valuesByID makes an object of the custom fields that have a value: rules name members, not places in a list.
func valuesByID(fields gjson.Result) string {
	out := []byte{'{'}
	for _, f := range fields.Array() {
		id, value := f.Get("id"), f.Get("value")
		if !isID(id.String()) || value.Type == gjson.Null || value.Raw == `""` || value.Raw == "[]" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, id.String())
		out = append(append(out, ':'), value.Raw...)
	}
	if len(out) == 1 {
		return ""
	}
	return string(append(out, '}'))
}

// grouped returns the raw elements of a list by one of their members.
func grouped(list gjson.Result, by string) map[string][][]byte {
	all := map[string][][]byte{}
	for _, one := range list.Array() {
		key := one.Get(by).String()
		all[key] = append(all[key], []byte(one.Raw))
	}
	return all
}

// named returns one member of each element of a list, raw, by their ids.
func named(list gjson.Result, member string) map[string]string {
	all := map[string]string{}
	for _, one := range list.Array() {
		if v := one.Get(member); v.Exists() {
			all[one.Get("id").String()] = v.Raw
		}
	}
	return all
}
