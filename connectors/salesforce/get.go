package salesforce

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// MaxGet implements connectors.Getter.
func (a *account) MaxGet() int { return pageRows }

// Get implements connectors.Getter. A row that was merged away is returned as such together with the survivor.
func (a *account) Get(ctx context.Context, refs []connectors.Ref) ([]connectors.Record, error) {
	if len(refs) > pageRows {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "get records",
			Reason: strconv.Itoa(len(refs)) + " references, the most is " + strconv.Itoa(pageRows)}
	}
	var all []connectors.Record
	for _, o := range a.objects {
		ids := idsIn(refs, o.name)
		if len(ids) == 0 {
			continue
		}
		records, err := a.getRecords(ctx, o, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	for _, stream := range []string{stagesStream, statusStream} {
		if !a.reads(stream) || !slices.ContainsFunc(refs, func(r connectors.Ref) bool { return r.Object == stream && r.ID == pipelineIDs[stream] }) {
			continue
		}
		page, err := a.readPipeline(ctx, stream)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Records...)
	}
	return all, nil
}

// idsIn returns the ids of one object among references, each once. What is no id names nothing.
func idsIn(refs []connectors.Ref, name string) []string {
	var ids []string
	for _, r := range refs {
		if r.Object == name && isID(r.ID) {
			ids = append(ids, long(r.ID))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// getRecords reads rows, and the survivors of those that were merged away.
func (a *account) getRecords(ctx context.Context, o object, ids []string) ([]connectors.Record, error) {
	op := "get " + o.name
	records, err := a.byID(ctx, op, o, ids)
	if err != nil {
		return nil, err
	}
	var survivors []string
	for _, r := range records {
		if into := r.Deleted.Into.ID; into != "" && !slices.Contains(ids, into) && !slices.Contains(survivors, into) {
			survivors = append(survivors, into)
		}
	}
	more, err := a.byID(ctx, op, o, survivors)
	return append(records, more...), err
}

// byID reads rows by id, deleted ones included. Few are read by a query, which shows those too; for many it is cheaper
// to read by POST first and to query only what that did not find.
func (a *account) byID(ctx context.Context, op string, o object, ids []string) ([]connectors.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	l, err := a.known(ctx, o, namesAge)
	if err != nil {
		return nil, err
	}
	// An id of another kind of object makes Salesforce refuse the whole query.
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return l.prefix != "" && !strings.HasPrefix(id, l.prefix) })
	var out []connectors.Record
	if len(o.children) == 0 && o.where == "" && len(ids) > idsAtOnce(len(l.selection(o))) {
		if out, err = a.retrieve(ctx, op, o, l, ids, nil); err != nil && codeOf(err) != "INVALID_FIELD" {
			return nil, err
		}
		ids = missing(ids, out)
	}
	for len(ids) > 0 {
		part := ids[:min(len(ids), idsAtOnce(len(l.selection(o))))]
		ids = ids[len(part):]
		f, err := a.rows(ctx, op, o, l, wanted{order: byID, where: func(*layout) []string { return []string{oneOf("Id", part)} }})
		if err != nil {
			return nil, err
		}
		out, l = append(out, f.records...), f.layout
		if f.more { // the vendor made the page smaller: the rest of the ids is asked for again
			ids = append(behind(part, f.id), ids...)
		}
	}
	return out, nil
}

// behind returns the sorted ids after one.
func behind(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return one <= id })
}

// missing returns the ids that none of the records has.
func missing(ids []string, records []connectors.Record) []string {
	have := map[string]bool{}
	for _, r := range records {
		have[r.Ref.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return have[id] })
}
