package asana

import (
	"context"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// goneKey begins the external id of a task that gave its key up. Asana does not say whether an external id can be taken
// away (https://developers.asana.com/docs/custom-external-data); one that is no key of ours and names the task itself does
// as well.
const goneKey = "merged-"

// forget adds to the body of a change of a task what takes its key away, wherever the task carries it.
func (t *target) forget(ctx context.Context, gid string, body map[string]any) error {
	if t.config.external {
		body["external"] = map[string]any{"gid": goneKey + gid}
		return nil
	}
	var task shownTask
	parts := "notes,custom_fields.name,custom_fields.text_value"
	if err := t.client.get(ctx, "read key of task", "/tasks/"+escape(gid), fieldsOf(parts), &task); err != nil {
		return err
	}
	for _, v := range task.Values {
		if v.Text != nil && *v.Text != "" && fold(v.Name) == fold(t.config.hubField) {
			body["custom_fields"] = map[string]any{v.GID: nil}
		}
	}
	if keyIn(task.Notes) != "" {
		body["notes"] = withoutKey(task.Notes)
	}
	return nil
}

// withoutKey returns a description whose block names no key.
func withoutKey(notes string) string {
	b, ok := findBlock(notes, "")
	if !ok {
		return notes
	}
	var kept []string
	for line := range strings.SplitSeq(notes[b.start:b.end], "\n") {
		if !keyLine.MatchString(line) {
			kept = append(kept, line)
		}
	}
	return notes[:b.start] + strings.Join(kept, "\n") + notes[b.end:]
}

// freeExternal takes an external id from whatever task has it but the given one, which is to have it.
func (t *target) freeExternal(ctx context.Context, key, gid string) error {
	other, err := t.findExternal(ctx, key)
	if err != nil || other == "" || other == gid {
		return err
	}
	body := map[string]any{}
	if err := t.forget(ctx, other, body); err != nil {
		return err
	}
	a := action{op: "free key of task", method: "PUT", path: "/tasks/" + escape(other), fields: "gid", data: body}
	if err := t.client.do(ctx, a, nil); connectors.KindOf(err) != connectors.NotFound {
		return err
	}
	return nil
}
