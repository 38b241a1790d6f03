package mailchimp

import (
	"context"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Count implements connectors.Counter. Of members Mailchimp counts those in every status for each audience, "approximately"
// (include_total_contacts). Of segments, interests and activity there is no count; that is a NotFound error.
func (a *account) Count(ctx context.Context, name string) (int64, error) {
	op := "count " + code(name)
	switch name {
	case membersStream:
		n, err := a.get(ctx, op, "/lists", query("count", digits(pageSize), "include_total_contacts", "true", "fields", "lists.stats,total_items"))
		if err != nil {
			return 0, err
		}
		rows, _, err := n.list(op, "lists")
		sum := int64(0)
		for _, row := range rows {
			sum += contacts(row.Get("stats"))
		}
		return sum, err
	case listsStream, campaignsStream:
		n, err := a.get(ctx, op, "/"+name, query("count", "1", "fields", name+".id,total_items"))
		if err != nil {
			return 0, err
		}
		_, total, err := n.list(op, name)
		return int64(total), err
	}
	return 0, &connectors.Error{Kind: connectors.NotFound, Op: op, Reason: "Mailchimp does not count these"}
}

// contacts is how many members an audience has, with what the older counts say where the newer one is missing.
func contacts(stats gjson.Result) int64 {
	if all := stats.Get("total_contacts"); all.Type == gjson.Number {
		return all.Int()
	}
	return stats.Get("member_count").Int() + stats.Get("unsubscribe_count").Int() + stats.Get("cleaned_count").Int()
}

// CursorAt implements connectors.Rewinder: a pass begins a second before the instant, for its beginning is exclusive. What
// is listed anew each time, and an instant before 1970, begin anew.
func (a *account) CursorAt(name string, since time.Time) (connectors.Cursor, error) {
	s, ok := findStream(name)
	if !ok {
		return "", noSuch(name, false)
	}
	if s.snapshot || since.Unix() <= 1 {
		return "", nil
	}
	return cursor{Phase: waiting, From: since.Unix() - 1}.String(), nil
}
