package asana

import (
	"context"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// tellMark begins the last line of a comment that is left once, which holds its key. Stories carry no id of ours
// (https://developers.asana.com/reference/createstoryfortask), so this line is how one is found again. It is in tasks for
// ever and must not change.
const tellMark = "Millrace: "

// tell adds the requests that leave comments on the task of a plan, but for those that may be there and are. Asana has no
// query for stories: all of the task are read, and only when something is in doubt.
func (t *target) tell(ctx context.Context, p *plan, list []connectors.Comment) error {
	said := map[string]bool{}
	if slices.ContainsFunc(list, func(c connectors.Comment) bool { return c.InDoubt }) {
		if err := t.comments(ctx, p.gid, func(text string) { said[toldKey(text)] = true }); err != nil {
			return err
		}
	}
	for _, c := range list {
		if c.Key != "" && !said[c.Key] {
			p.actions = append(p.actions, commentOn(p.gid, told(c)))
			said[c.Key] = true
		}
	}
	return nil
}

// toldKey returns the key of a comment that was left once, "" for another comment. What people wrote below it does not matter.
func toldKey(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if key, ours := strings.CutPrefix(strings.TrimSpace(line), tellMark); ours {
			return key
		}
	}
	return ""
}

// isTold reports whether a story is such a comment.
func isTold(s story) bool { return s.Subtype == "comment_added" && toldKey(s.Text) != "" }

// told is the text of a comment. A line of it that looks like the mark, which a customer may have written, is not one.
func told(c connectors.Comment) string {
	text := strings.TrimSpace(manyLines(c.Text))
	if strings.Contains(text, tellMark) {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if strings.HasPrefix(strings.TrimSpace(line), tellMark) {
				lines[i] = "| " + line
			}
		}
		text = strings.Join(lines, "\n")
	}
	return text + "\n" + tellMark + c.Key
}

// inDoubt returns comments that may be there already.
func inDoubt(list []connectors.Comment) []connectors.Comment {
	list = slices.Clone(list)
	for i := range list {
		list[i].InDoubt = true
	}
	return list
}
