package asana

import (
	"context"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// URL implements connectors.Locator. The address leads to the task whichever projects it is in, and needs no request.
func (t *target) URL(link connectors.Link) string {
	return "https://app.asana.com/0/0/" + escape(string(link))
}

// Close implements connectors.Target. The comment is written first and once: a repeated call looks for it.
func (t *target) Close(ctx context.Context, link connectors.Link, how connectors.Closing) error {
	path := "/tasks/" + escape(string(link))
	body := map[string]any{"completed": true}
	a := action{op: "complete task", method: http.MethodPut, path: path, fields: "gid", data: body}
	if how.Delete {
		a = action{op: "delete task", method: http.MethodDelete, path: path}
	}
	err := t.comment(ctx, string(link), manyLines(how.Comment))
	if err == nil && how.Unsay && !how.Delete {
		err = t.unsay(ctx, string(link), isTold)
	}
	if err == nil && how.Forget && !how.Delete {
		err = t.forget(ctx, string(link), body)
	}
	if err == nil {
		err = t.client.do(ctx, a, nil)
	}
	if status(err) == http.StatusNotFound {
		return nil // somebody was faster
	}
	return err
}

// comment leaves text on a task unless it is the last comment there.
func (t *target) comment(ctx context.Context, gid, text string) error {
	if text == "" {
		return nil
	}
	there, err := t.saidLast(ctx, gid, text)
	if err != nil || there {
		return err
	}
	return t.client.do(ctx, commentOn(gid, text), nil)
}

// remark adds the request that comments on the task of a plan, after everything else, unless it is the last comment there.
func (t *target) remark(ctx context.Context, p *plan, text string) error {
	there, err := t.saidLast(ctx, p.gid, text)
	if err == nil && !there {
		p.actions, p.inOrder = append(p.actions, commentOn(p.gid, text)), true
	}
	return err
}

func commentOn(gid, text string) action {
	return action{op: "comment on task", method: http.MethodPost, path: "/tasks/" + escape(gid) + "/stories", fields: "gid",
		data: map[string]any{"text": text}}
}

// saidLast reports whether a text is the last comment on a task. Stories come oldest first. An older comment of the same
// text does not count: customers may be merged, separated and merged again.
func (t *target) saidLast(ctx context.Context, gid, text string) (bool, error) {
	last := false
	err := t.comments(ctx, gid, func(said string) { last = said == text })
	return last, err
}

// comments reads what was commented on a task, the oldest first.
func (t *target) comments(ctx context.Context, gid string, fn func(text string)) error {
	type story struct {
		Text    string `json:"text"`
		Subtype string `json:"resource_subtype"`
	}
	path := "/tasks/" + escape(gid) + "/stories"
	return each(ctx, t.client, "read comments", path, fieldsOf("text,resource_subtype"), func(s story) bool {
		if s.Subtype == "comment_added" {
			fn(s.Text)
		}
		return true
	})
}
