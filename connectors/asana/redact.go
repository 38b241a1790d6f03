package asana

import (
	"context"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// Redact implements connectors.Redactor. The task is emptied first and its stories are deleted afterwards, because
// emptying it adds stories that quote what was there. Comments of people stay: Asana lets a user delete only stories of
// their own (https://developers.asana.com/reference/deletestory).
func (t *target) Redact(ctx context.Context, link connectors.Link) error {
	err := t.empty(ctx, string(link))
	if err == nil {
		err = t.unsay(ctx, string(link), func(story) bool { return true })
	}
	if status(err) == http.StatusNotFound {
		return nil // somebody deleted it, or is faster
	}
	return err
}

// redactParts is what has to be known to empty a task: which of its custom fields have a value that can be cleared.
const redactParts = "custom_fields.text_value,custom_fields.number_value,custom_fields.enum_value," +
	"custom_fields.multi_enum_values,custom_fields.date_value.date,custom_fields.is_formula_field"

// empty writes nothing personal over everything that a task shows, takes its key away and completes it.
func (t *target) empty(ctx context.Context, gid string) error {
	var task struct {
		Values []struct {
			shownValue
			Formula bool `json:"is_formula_field"` // computed by Asana: it cannot be written
		} `json:"custom_fields"`
	}
	path := "/tasks/" + escape(gid)
	if err := t.client.get(ctx, "read task", path, fieldsOf(redactParts), &task); err != nil {
		return err
	}
	body := map[string]any{"name": connectors.ErasedTitle, "notes": "", "due_on": nil, "completed": true}
	cleared := map[string]any{}
	for _, v := range task.Values {
		if !v.Formula && !v.empty() {
			cleared[v.GID] = nil
		}
	}
	if len(cleared) > 0 {
		body["custom_fields"] = cleared
	}
	if t.config.external {
		body["external"] = map[string]any{"gid": goneKey + gid, "data": ""}
	}
	return t.client.do(ctx, action{op: "redact task", method: http.MethodPut, path: path, fields: "gid", data: body}, nil)
}

// story is an entry in the feed of a task.
type story struct {
	named
	Text    string `json:"text"`
	Subtype string `json:"resource_subtype"`
	Author  *named `json:"created_by"`
}

// unsay deletes the stories of a task that are ours, as far as which says yes: comments, and what Asana noted of our changes. A
// story that it does not let go is left; of those it writes itself it documents neither that they can be deleted nor that
// they cannot.
func (t *target) unsay(ctx context.Context, gid string, which func(story) bool) error {
	var me named
	if err := t.client.get(ctx, "find own user", "/users/me", fieldsOf("gid"), &me); err != nil {
		return err
	}
	var ours []story
	err := each(ctx, t.client, "read stories", "/tasks/"+escape(gid)+"/stories", fieldsOf("text,resource_subtype,created_by"), func(s story) bool {
		if s.Author != nil && s.Author.GID == me.GID && which(s) {
			ours = append(ours, s)
		}
		return true
	})
	for _, s := range ours {
		if err != nil {
			return err
		}
		err = t.client.do(ctx, action{op: "delete story", method: http.MethodDelete, path: "/stories/" + escape(s.GID)}, nil)
		if refused(err) && (s.Subtype != "comment_added" || status(err) == http.StatusNotFound) {
			err = nil
		}
	}
	return err
}
