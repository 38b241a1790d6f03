package asanatest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// maxActions is the most a batch may hold. https://developers.asana.com/reference/createbatchrequest
const maxActions = 10

type action struct {
	Method string                     `json:"method"`
	Path   string                     `json:"relative_path"`
	Data   map[string]json.RawMessage `json:"data"`
	Opts   struct {
		Limit  json.Number `json:"limit"`
		Offset string      `json:"offset"`
		Fields []string    `json:"fields"`
	} `json:"options"`
}

// result is how one action went; the batch itself answers 200 whatever happened inside.
type result struct {
	Status  int               `json:"status_code"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
}

// serveBatch runs actions at the same time, in no promised order, and answers in the order they were given. Every action
// counts as a request of its own in both limits, the batch as none; when one would exceed a limit all are refused.
func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request, who viewer, body []byte) {
	actions, err := readActions(body)
	if err != nil {
		writeError(w, err)
		return
	}
	costs, sum := make([]cost, len(actions)), cost{}
	for i, a := range actions {
		costs[i] = costOf(strings.ToUpper(a.Method))
		sum.reads += costs[i].reads
		sum.writes += costs[i].writes
	}
	fits := s.limits.fit(who.token, costs)
	done, retry, ok := s.limits.admit(who.token, sum)
	if !ok {
		if s.opt.BatchLeaksOnLimit {
			s.runActions(r, who, actions[:fits])
		}
		writeError(w, tooMany(retry))
		return
	}
	defer done()
	if err := s.pause(r.Context()); err != nil {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"data": s.runActions(r, who, actions)}, wantsPretty(r))
}

func readActions(body []byte) ([]action, error) {
	var e struct {
		Data struct {
			Actions []action `json:"actions"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, invalid("Could not parse request data, invalid JSON")
	}
	switch n := len(e.Data.Actions); {
	case n == 0:
		return nil, invalid("actions: Missing input")
	case n > maxActions:
		return nil, invalid("actions: Must have at most %d actions, got %d", maxActions, n)
	}
	return e.Data.Actions, nil
}

func (s *Server) runActions(r *http.Request, who viewer, actions []action) []result {
	out := make([]result, len(actions))
	var all sync.WaitGroup
	for i, a := range actions {
		all.Go(func() { out[i] = s.runAction(r, who, a) })
	}
	all.Wait()
	return out
}

func (s *Server) runAction(r *http.Request, who viewer, a action) result {
	done := func(status int, body any) result {
		return result{status, map[string]string{"content-type": "application/json; charset=UTF-8"}, body}
	}
	method := strings.ToUpper(a.Method)
	if err := a.check(method); err != nil {
		return done(failure(err))
	}
	query, body, err := a.request(method)
	if err != nil {
		return done(failure(err))
	}
	return done(s.dispatch(r.Context(), who, method, a.Path, query, body))
}

// check refuses what a batch may not do: nested batches, files, exports, query strings.
func (a action) check(method string) error {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		return invalid("method: Not a supported method: %s", a.Method)
	}
	switch {
	case !strings.HasPrefix(a.Path, "/"):
		return invalid("relative_path: Must begin with a slash")
	case strings.Contains(a.Path, "?"):
		return invalid("relative_path: Query parameters are not accepted here; put them in data instead")
	case strings.HasPrefix(a.Path, "/batch"), strings.Contains(a.Path, "/attachments"), strings.HasPrefix(a.Path, "/organization_exports"):
		return invalid("relative_path: This action is not available in a batch: %s", a.Path)
	}
	return nil
}

// request turns data and options into the query of a GET or the body of anything else.
func (a action) request(method string) (url.Values, []byte, error) {
	query := url.Values{}
	if len(a.Opts.Fields) > 0 {
		query.Set("opt_fields", strings.Join(a.Opts.Fields, ","))
	}
	if a.Opts.Limit != "" {
		query.Set("limit", a.Opts.Limit.String())
	}
	if a.Opts.Offset != "" {
		query.Set("offset", a.Opts.Offset)
	}
	if method != http.MethodGet {
		body, err := json.Marshal(map[string]any{"data": a.Data})
		if err != nil {
			return nil, nil, fmt.Errorf("encode the data of an action: %w", err)
		}
		return query, body, nil
	}
	for name, raw := range a.Data {
		var v any
		if json.Unmarshal(raw, &v) != nil {
			return nil, nil, invalid("data: Not a query parameter: %s", name)
		}
		query.Set(name, fmt.Sprint(v))
	}
	return query, nil, nil
}
