package hubspot

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

const (
	maxGet = 100 // the most inputs of a batch read
	// namesAge is how old the names of properties may be for a fetch: webhooks come one by one.
	namesAge = 5 * time.Minute
)

// MaxGet implements connectors.Getter.
func (a *account) MaxGet() int { return maxGet }

// Get implements connectors.Getter. Of each kind it reads the live objects as a batch, looks up what is missing among
// the archived ones, and asks one by one for what is then still missing: only a single read says where a merge went.
func (a *account) Get(ctx context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	if len(refs) > maxGet {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "get records",
			Reason: strconv.Itoa(len(refs)) + " references, the most is " + strconv.Itoa(maxGet)}
	}
	wanted := map[string][]string{}
	for _, ref := range refs {
		if !slices.Contains(wanted[ref.Object], ref.ID) {
			wanted[ref.Object] = append(wanted[ref.Object], ref.ID)
		}
	}
	var all []connectors.Record
	for _, name := range allStreams {
		if len(wanted[name]) == 0 {
			continue
		}
		records, err := a.getObjects(ctx, name, wanted[name])
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

func (a *account) getObjects(ctx context.Context, name string, ids []string) ([]connectors.Record, error) {
	if name == ownersStream {
		return a.getOwners(ctx, ids)
	}
	if of, ok := strings.CutPrefix(name, pipelinesPrefix); ok {
		return a.getPipelines(ctx, of, ids)
	}
	o, _ := findObject(name)
	ids = slices.DeleteFunc(ids, func(id string) bool { return !isID(id) })
	names, err := a.propertiesOf(ctx, o, namesAge)
	if err != nil {
		return nil, err
	}
	return a.getRecords(ctx, o, ids, names)
}

// getRecords reads objects in three steps: live, archived, and one by one what neither has.
func (a *account) getRecords(ctx context.Context, o object, ids, names []string) ([]connectors.Record, error) {
	op := "get " + o.name
	live, date, err := a.batch(ctx, o, ids, names, false)
	if err != nil {
		return nil, err
	}
	archived, _, err := a.batch(ctx, o, unanswered(ids, live), names, true)
	if err != nil {
		return nil, err
	}
	moved, err := a.whereTo(ctx, o, unanswered(ids, live, archived))
	if err != nil {
		return nil, err
	}
	more, _, err := a.batch(ctx, o, unanswered(moved.survivors(), live, archived), names, false)
	if err != nil {
		return nil, err
	}
	live = append(live, more...)
	all := slices.Concat(live, archived)
	links, err := a.linksOf(ctx, o, liveIDs(all))
	if err != nil {
		return nil, err
	}
	records, err := a.records(op, o.name, all, date)
	if err != nil {
		return nil, err
	}
	return withLinks(a.withMoved(o, records, moved), o, links), nil
}

// moves is where merged ids went: old id to the survivor's.
type moves map[string]string

func (m moves) survivors() []string {
	list := make([]string, 0, len(m))
	for _, id := range m {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// whereTo asks for each id alone: HubSpot answers a merged id with the survivor, under the survivor's id. An id that is
// answered with itself came into being meanwhile; one that is not found is gone.
func (a *account) whereTo(ctx context.Context, o object, ids []string) (moves, error) {
	m := moves{}
	for _, id := range ids {
		n, err := a.get(ctx, "get "+o.name, a.version.objects(o.name)+"/"+id, nil)
		if connectors.KindOf(err) == connectors.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		now := n.body.Get("id").String()
		if !isID(now) {
			return nil, broken("get "+o.name, "answer has no id")
		}
		m[id] = now
	}
	return m, nil
}

// withMoved adds a Merged record for each moved id whose survivor does not list it itself.
func (a *account) withMoved(o object, records []connectors.Record, m moves) []connectors.Record {
	known := map[string]connectors.Record{}
	for _, r := range records {
		known[r.Ref.ID] = r
	}
	for _, old := range slices.Sorted(maps.Keys(m)) {
		survivor, ok := known[m[old]]
		if _, told := known[old]; ok && !told {
			records = append(records, mergedInto(a.ref(o.name, old), survivor))
		}
	}
	return records
}

// unanswered returns the ids that none of the objects has, or has taken over by a merge.
func unanswered(ids []string, lists ...[]gjson.Result) []string {
	var have []string
	for _, list := range lists {
		for _, raw := range list {
			have = append(have, raw.Get("id").String())
			have = append(have, strings.Split(raw.Get("properties.hs_merged_object_ids").String(), ";")...)
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(have, id) })
}

type batchID struct {
	ID string `json:"id"`
}

// batchRequest has every field that HubSpot's OpenAPI file requires.
type batchRequest struct {
	Inputs     []batchID `json:"inputs"`
	Properties []string  `json:"properties"`
	History    []string  `json:"propertiesWithHistory"`
}

// batch reads objects by id, at most maxGet; ids that do not exist are left out of the answer, which then is a 207, or
// a 404 when none exists. No ids are no request.
func (a *account) batch(ctx context.Context, o object, ids, names []string, archived bool) ([]gjson.Result, time.Time, error) {
	if len(ids) == 0 {
		return nil, time.Time{}, nil
	}
	op := "get " + o.name
	in := batchRequest{Inputs: make([]batchID, len(ids)), Properties: names, History: []string{}}
	for i, id := range ids {
		in.Inputs[i].ID = id
	}
	var q url.Values
	if archived {
		q = query("archived", "true")
	}
	n, err := a.post(ctx, op, a.version.objects(o.name)+"/batch/read", q, in)
	if connectors.KindOf(err) == connectors.NotFound {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := onlyNone(op, n.body); err != nil {
		return nil, time.Time{}, err
	}
	list, err := n.results(op)
	return list, n.date, err
}
