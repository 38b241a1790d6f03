package zendesktest

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// invocation is what became of one delivery, as far as it got. Its status is that of the latest attempt, also while others
// follow: one that was throttled may be terminated minutes later (recorded).
type invocation struct {
	id     string
	status string
	code   int // of the answer; 0 when there was none
	at     time.Time
}

// The statuses of invocations. Those that Zendesk documents can be asked for by filter[status]; recorded is also terminated,
// for a delivery that was given up after 403, which no filter knows.
const (
	statusSuccess    = "success"
	statusFailed     = "failed" // to be tried again; when Zendesk says so is unverified
	statusTimeout    = "timeout"
	statusTerminated = "terminated"
	statusBroken     = "circuit broken"
)

var filterable = []string{"unknown", "accepted", statusSuccess, statusFailed, statusTimeout, statusBroken, "throttled", "client error", "server error"}

const (
	invocationsKept = 7 * 24 * time.Hour // https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/#list-webhook-invocations
	mostInvocations = 1000               // of one webhook; Zendesk has no such bound
)

// tried returns the status of an invocation after an attempt that was answered with code, 0 for not at all.
func tried(code int, again bool) string {
	switch {
	case code/100 == 2:
		return statusSuccess
	case again:
		return statusFailed
	case code == 0:
		return statusTimeout
	}
	return statusTerminated
}

// record keeps what became of a delivery, the newest last.
func (h *hooks) record(d delivery, now time.Time, code int, status string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := slices.DeleteFunc(h.invoked[d.hook], func(i invocation) bool { return i.id == d.invocation || now.Sub(i.at) >= invocationsKept })
	list = append(list, invocation{d.invocation, status, code, now})
	h.invoked[d.hook] = list[max(0, len(list)-mostInvocations):]
}

// invocationBody is an invocation as the API writes it: no status_code where there was no answer (recorded).
type invocationBody struct {
	ID     string `json:"id"`
	Code   int    `json:"status_code,omitempty"`
	Status string `json:"status"`
	At     string `json:"latest_completed_at"`
}

// listInvocations lists the newest first, unless it is asked otherwise.
func (s *Server) listInvocations(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	want := q.Get("filter[status]")
	from, bad := instantOf(q, "filter[from_ts]")
	to, worse := instantOf(q, "filter[to_ts]")
	if want != "" && !slices.Contains(filterable, want) || bad || worse {
		return listed(http.StatusBadRequest, "InvalidRequest", "Invalid request", "the filter is invalid") // wording unverified
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	if _, f := s.hooks.webhook(r); f != nil {
		return f
	}
	list := []invocationBody{}
	for _, i := range s.hooks.invoked[r.PathValue("id")] {
		kept := s.opt.Clock.Now().Sub(i.at) < invocationsKept
		if !kept || want != "" && i.status != want || i.at.Before(from) || !to.IsZero() && i.at.After(to) {
			continue
		}
		list = append(list, invocationBody{i.id, i.code, i.status, instant(i.at.Unix())})
	}
	switch q.Get("sort") {
	case "", "-latest_completed_at":
		slices.Reverse(list)
	case "latest_completed_at":
	default:
		return listed(http.StatusBadRequest, "InvalidRequest", "Invalid request", "sort is invalid") // wording unverified
	}
	return answerHooks(w, r, "invocations", list, func(i invocationBody) string { return i.ID })
}

// instantOf reads a time of the query; bad is true when it is none.
func instantOf(q url.Values, name string) (at time.Time, bad bool) {
	if !q.Has(name) {
		return at, false
	}
	at, err := time.Parse(time.RFC3339, q.Get(name))
	return at, err != nil
}

// answerHooks answers a page of a list of the webhooks' API. Its cursors are ids, and what is not there is left out where
// other lists write null (recorded).
func answerHooks[T any](w http.ResponseWriter, r *http.Request, name string, list []T, id func(T) string) error {
	q := r.URL.Query()
	size, f := cursorSize(q, maxPage)
	if f != nil {
		return f
	}
	from, to, f := partOf(q, list, size, id)
	if f != nil {
		return f
	}
	page := list[from:to]
	meta, links := map[string]any{"has_more": to < len(list)}, map[string]any{}
	link := func(name, cursor string) string {
		q := r.URL.Query()
		q.Del("page[after]")
		q.Del("page[before]")
		q.Set(name, cursor)
		return base(r) + r.URL.Path + "?" + q.Encode()
	}
	if to < len(list) {
		meta["after_cursor"] = hookCursor(id(page[len(page)-1]))
		links["next"] = link("page[after]", hookCursor(id(page[len(page)-1])))
	}
	if from > 0 && len(page) > 0 {
		meta["before_cursor"] = hookCursor(id(page[0]))
		links["prev"] = link("page[before]", hookCursor(id(page[0])))
	}
	out := map[string]any{name: page, "meta": meta}
	if len(links) > 0 {
		out["links"] = links
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func hookCursor(id string) string { return base64.StdEncoding.EncodeToString([]byte(id + ",desc")) }

// partOf returns which part of the list a request asks for.
func partOf[T any](q url.Values, list []T, size int, id func(T) string) (from, to int, f *failure) {
	for _, name := range []string{"page[after]", "page[before]"} {
		if !q.Has(name) {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(q.Get(name))
		at := slices.IndexFunc(list, func(one T) bool { return id(one) == strings.TrimSuffix(string(text), ",desc") })
		if err != nil || at < 0 {
			return 0, 0, badCursor(name)
		}
		if name == "page[before]" {
			return max(0, at-size), at, nil
		}
		from = at + 1
	}
	return from, min(from+size, len(list)), nil
}

// matches reports whether a webhook passes the filters of a list.
func (w Webhook) matches(q url.Values) bool {
	return strings.Contains(w.Name, q.Get("filter[name_contains]")) &&
		(q.Get("filter[status]") == "" || q.Get("filter[status]") == w.status())
}

func (w Webhook) status() string {
	if w.Inactive {
		return "inactive"
	}
	return "active"
}

// newestFirst orders webhooks as a list shows them: by the time that their ids begin with (recorded).
func newestFirst(a, b Webhook) int { return cmp.Compare(b.ID, a.ID) }
