package asana

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// MaxBatch implements connectors.Batcher.
func (t *target) MaxBatch() int { return t.config.batch }

// job is one request of one item.
type job struct {
	item   int
	action action
}

// UpsertBatch implements connectors.Batcher. What the items need first (names, their notes, look-ups of those in doubt) is
// done by single requests; then all that is left goes into as few batches as can be. Asana runs the actions of a batch in
// parallel and in any order, so an item whose actions build on each other is written by itself.
//
// When a whole batch is refused or its answer is lost, every one of its items gets that error. Asana does not say whether
// an action of a refused batch (429) ran, so each of them is in doubt, also after a Limited error.
func (t *target) UpsertBatch(ctx context.Context, wants []connectors.Want) []connectors.Result {
	results := make([]connectors.Result, len(wants))
	plans := make([]plan, len(wants))
	look := &lookup{}
	var jobs []job
	var stop error
	for i, want := range wants {
		if results[i].Err = stop; stop != nil {
			continue
		}
		if results[i].Err = check(want.Item); results[i].Err != nil {
			continue
		}
		var err error
		plans[i], err = t.plan(ctx, want, look)
		switch {
		case err != nil:
			results[i].Link, results[i].Err = t.again(ctx, want, plans[i], err)
			stop = hopeless(results[i].Err)
		case plans[i].inOrder:
			results[i].Err = t.run(ctx, &plans[i])
		default:
			jobs = appendJobs(jobs, i, plans[i].actions)
		}
	}
	for len(jobs) > 0 {
		n := min(len(jobs), t.config.batch)
		t.post(ctx, jobs[:n], plans, results)
		jobs = jobs[n:]
	}
	t.settle(ctx, wants, plans, results)
	return results
}

func appendJobs(jobs []job, item int, actions []action) []job {
	for _, a := range actions {
		jobs = append(jobs, job{item, a})
	}
	return jobs
}

// hopeless returns err when the items that follow would only meet it too.
func hopeless(err error) error {
	if kind := connectors.KindOf(err); kind == connectors.Limited || kind == connectors.Denied {
		return err
	}
	return nil
}

// settle gives refusals that can be healed their second attempt and fills in the links.
func (t *target) settle(ctx context.Context, wants []connectors.Want, plans []plan, results []connectors.Result) {
	for i := range results {
		switch err := results[i].Err; {
		case results[i].Link != "":
		case err == nil:
			results[i].Link = connectors.Link(plans[i].gid)
		case len(plans[i].actions) > 0:
			results[i].Link, results[i].Err = t.again(ctx, wants[i], plans[i], err)
		}
	}
}

// outcome is Asana's answer to one action.
type outcome struct {
	status  int
	headers gjson.Result
	body    string
}

// outcomes are the answers of a batch, in the order of its actions.
type outcomes []outcome

// read takes the answers from the data of an answer and reports whether it has their shape.
func (list *outcomes) read(data gjson.Result) bool {
	if !data.IsArray() {
		return false
	}
	data.ForEach(func(_, one gjson.Result) bool {
		var o outcome
		one.ForEach(func(key, value gjson.Result) bool {
			switch key.Str {
			case "status_code":
				o.status = int(value.Int())
			case "headers":
				o.headers = value
			case "body":
				o.body = value.Raw
			}
			return true
		})
		*list = append(*list, o)
		return true
	})
	return true
}

// post sends actions as one request and notes what became of each.
func (t *target) post(ctx context.Context, jobs []job, plans []plan, results []connectors.Result) {
	outcomes, err := t.send(ctx, jobs)
	for k, j := range jobs {
		each := err
		if each == nil {
			each = outcomes[k].settle(j.action, &plans[j.item])
		}
		if each != nil && results[j.item].Err == nil {
			results[j.item].Err = each
		}
	}
}

func (t *target) send(ctx context.Context, jobs []job) (outcomes, error) {
	if len(jobs) == 1 {
		var body json.RawMessage
		if err := t.client.do(ctx, jobs[0].action, &body); err != nil {
			return nil, err
		}
		return outcomes{{status: http.StatusOK, body: `{"data":` + string(body) + `}`}}, nil
	}
	actions := make([]map[string]any, len(jobs))
	for i, j := range jobs {
		actions[i] = map[string]any{"method": strings.ToLower(j.action.method), "relative_path": j.action.path, "data": j.action.data}
		if j.action.fields != "" {
			actions[i]["options"] = map[string]any{"fields": strings.Split(j.action.fields, ",")}
		}
	}
	a := action{op: "write batch", method: http.MethodPost, path: "/batch", data: map[string]any{"actions": actions}}
	var list outcomes
	if err := t.client.do(withWeight(ctx, len(jobs)), a, &list); err != nil {
		return nil, err
	}
	if len(list) != len(jobs) {
		return nil, &connectors.Error{Kind: connectors.Temporary, Op: a.op, Reason: "the answer has another number of results than actions"}
	}
	return list, nil
}

// settle returns the error of one action, nil when it was done, and notes the task it created.
func (o outcome) settle(a action, p *plan) error {
	if o.status < 200 || o.status > 299 {
		return o.refusal(a.op)
	}
	if p.gid != "" {
		return nil
	}
	if p.gid = gjson.Get(o.body, "data.gid").String(); p.gid == "" {
		return noGID(a.op)
	}
	return nil
}

func (o outcome) refusal(op string) error {
	header := http.Header{}
	o.headers.ForEach(func(key, text gjson.Result) bool {
		header.Set(key.Str, text.String())
		return true
	})
	e := &connectors.Error{Kind: rest.KindOfStatus(o.status), Op: op, Status: o.status}
	p := explain(o.status, header, []byte(o.body))
	if p.Kind != 0 {
		e.Kind = p.Kind
	}
	e.Reason, e.Trace = p.Reason, p.Trace
	if e.Kind == connectors.Limited {
		e.After = rest.RetryAfter(header, time.Time{})
	}
	return e
}
