package salesforce

import (
	"context"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// The stages of opportunities and the statuses of cases are rows. Each of the two lists becomes one record, a pipeline,
// because what a stage means follows from the others, too: `{"id":"opportunity","stages":[row, row …]}`.

// pipelineIDs are the ids of the two records.
var pipelineIDs = map[string]string{stagesStream: "opportunity", statusStream: "case"}

// readPipeline reads all rows. When one is removed no stamp moves, so that the record's version never does either; Seen
// says which of two is newer.
func (a *account) readPipeline(ctx context.Context, stream string) (connectors.Page, error) {
	o := object{name: stream, sobject: stream}
	l, err := a.known(ctx, o, namesAge)
	if err != nil {
		return connectors.Page{}, err
	}
	op := "list " + stream
	n, err := a.get(ctx, op, a.path("query"), query("q", soql{fields: l.names(), from: stream, order: "SortOrder,Id"}.String()))
	if codeOf(err) == "INVALID_FIELD" {
		if l, err = a.relearn(ctx, o, err); err == nil {
			n, err = a.get(ctx, op, a.path("query"), query("q", soql{fields: l.names(), from: stream, order: "SortOrder,Id"}.String()))
		}
	}
	if err != nil {
		return connectors.Page{}, err
	}
	rows := n.body.Get("records")
	if !rows.IsArray() || !n.body.Get("done").Bool() {
		return connectors.Page{}, broken(op, "answer has not all rows")
	}
	rec := connectors.Record{Ref: connectors.Ref{Connection: a.connection, Object: stream, ID: pipelineIDs[stream]},
		Version: noStamp, Seen: n.date.UTC(), Data: l.pipeline(pipelineIDs[stream], rows.Array())}
	return connectors.Page{Records: []connectors.Record{rec}, Complete: n.date.UTC()}, nil
}

func (l *layout) pipeline(id string, rows []gjson.Result) []byte {
	list := make([]string, len(rows))
	for i, raw := range rows {
		list[i] = string(l.data(l.fromJSON(object{}, raw, nil)))
	}
	return []byte(`{"id":"` + id + `","stages":[` + strings.Join(list, ",") + `]}`)
}
