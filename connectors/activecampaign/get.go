package activecampaign

import (
	"context"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// maxGet is the most references that one Get takes. Contacts cost one request together; of everything else each costs one,
// and 20 take four seconds.
const maxGet = 20

// MaxGet implements connectors.Getter.
func (a *account) MaxGet() int { return maxGet }

// Get implements connectors.Getter. What cannot be fetched by its id is left to polling.
func (a *account) Get(ctx context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	if len(refs) > maxGet {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "get records",
			Reason: strconv.Itoa(len(refs)) + " references, the most is " + strconv.Itoa(maxGet)}
	}
	var contacts []string
	var all []connectors.Record
	done := map[connectors.Ref]bool{}
	for _, ref := range refs {
		s, ok := findStream(ref.Object)
		if !ok || !s.fetched || !isID(ref.ID) || done[ref] {
			continue
		}
		done[ref] = true
		if s.name == contactsStream {
			contacts = append(contacts, ref.ID)
			continue
		}
		r, err := a.getOne(ctx, s, ref.ID)
		if connectors.KindOf(err) == connectors.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r...)
	}
	found, err := a.getContacts(ctx, contacts)
	if err != nil {
		return nil, err
	}
	return append(all, found...), nil
}

// getContacts reads contacts by their ids from the list, where they are the same bytes as when everything is read; those
// that do not exist are not in the answer.
func (a *account) getContacts(ctx context.Context, ids []string) ([]connectors.Record, error) {
	const op = "get contacts"
	if len(ids) == 0 {
		return nil, nil
	}
	q := a.contactsQuery()
	q["ids[]"] = ids
	n, err := a.get(ctx, op, contactsStream, q)
	if err != nil {
		return nil, err
	}
	rows, err := n.list(op, contactsStream)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(rows, func(row gjson.Result) bool { return !slices.Contains(ids, row.Get("id").String()) }) {
		return nil, broken(op, "answer has contacts that were not asked for")
	}
	return a.contactRecords(op, n, rows)
}

// getOne reads an object by its id.
func (a *account) getOne(ctx context.Context, s stream, id string) ([]connectors.Record, error) {
	op := "get " + s.one
	n, err := a.get(ctx, op, s.name+"/"+id, nil)
	if err != nil {
		return nil, err
	}
	row := n.members[s.one]
	if row.Get("id").String() != id {
		return nil, broken(op, "answer has no "+s.one+" of that id")
	}
	return a.records(op, s, n, []gjson.Result{row})
}
