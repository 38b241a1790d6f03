package zendesk

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// maxGet is the most ids that one show_many takes
// (https://developer.zendesk.com/api-reference/ticketing/users/users/#show-many-users).
const maxGet = 100

// MaxGet implements connectors.Getter.
func (a *account) MaxGet() int { return maxGet }

// shownMany is what show_many can be asked for, and what is loaded beside it.
var shownMany = []struct{ object, path, include string }{
	{agentsStream, usersStream, "groups"},
	{organizationsStream, organizationsStream, ""},
	{usersStream, usersStream, exports[usersStream].include},
	{ticketsStream, ticketsStream, exports[ticketsStream].include},
}

// Get implements connectors.Getter by one request for each kind. Other objects cannot be fetched by their ids alone and
// are left to polling. A deleted user is left out, for a merged one looks the same: what the webhook said about it then
// counts, and polling brings the deletion anyway.
func (a *account) Get(ctx context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	if len(refs) > maxGet {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "get records",
			Reason: strconv.Itoa(len(refs)) + " references, the most is " + strconv.Itoa(maxGet)}
	}
	var all []connectors.Record
	for _, kind := range shownMany {
		var ids []string
		for _, ref := range refs {
			if ref.Object == kind.object && isID(ref.ID) && !slices.Contains(ids, ref.ID) {
				ids = append(ids, ref.ID)
			}
		}
		records, err := a.showMany(ctx, kind.object, kind.path, kind.include, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

// showMany reads objects by their ids; those that do not exist are not in the answer. No ids are no request.
func (a *account) showMany(ctx context.Context, object, path, include string, ids []string) ([]connectors.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	op := "get " + object
	q := query("ids", strings.Join(ids, ","))
	if include != "" {
		q.Set("include", include)
	}
	n, err := a.get(ctx, op, "/"+path+"/show_many", q)
	if err != nil {
		return nil, err
	}
	rows, err := n.list(op, path)
	if err != nil {
		return nil, err
	}
	if object == agentsStream {
		rows = colleagues(rows)
	}
	rows = slices.DeleteFunc(rows, func(row gjson.Result) bool { return !slices.Contains(ids, row.Get("id").String()) })
	records, err := a.records(op, object, n, rows)
	if err != nil || object != usersStream {
		return records, err
	}
	return slices.DeleteFunc(records, func(r connectors.Record) bool { return r.Deleted.Kind == connectors.Soft }), nil
}
