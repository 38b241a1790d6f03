package hubspot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// answer is a complete answer and HubSpot's clock when it was given.
type answer struct {
	body gjson.Result
	date time.Time
	list gjson.Result // its member results, and those below: found in one pass, since a page can be megabytes
	next gjson.Result // paging.next.after
	sum  gjson.Result // total
}

func newAnswer(body []byte, date time.Time) answer {
	n := answer{date: date}
	if len(body) > 0 {
		n.body = gjson.Parse(unsafe.String(&body[0], len(body))) // nobody else has the body, and nobody changes it
	}
	if !n.body.IsObject() {
		return n
	}
	n.body.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "results":
			n.list = value
		case "paging":
			n.next = value.Get("next.after")
		case "total":
			n.sum = value
		}
		return true
	})
	return n
}

// ask makes one request. Every answer must carry a Date: cursors hold the vendor's time, never ours.
func (a *account) ask(ctx context.Context, op, method, path string, q url.Values, in any) (answer, error) {
	client := a.client
	if strings.HasSuffix(path, "/search") {
		client.Explain = a.explain(searchLimit)
	}
	r, err := client.Do(ctx, op, method, path, q, in)
	if err != nil {
		return answer{}, noPath(path, err)
	}
	if r.Date.IsZero() {
		return answer{}, broken(op, "answer has no Date header; a proxy may remove it, and without HubSpot's clock nothing can be read safely")
	}
	return newAnswer(r.Body, r.Date), nil
}

// noPath tells an API version or an address that is not there (any longer) from an object that is not. Only single
// objects and batches can miss an object, and a batch then says so: taking a lost path for "none of them exists" would
// unlink every record.
func noPath(path string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound && e.Kind != connectors.Gone {
		return err
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	if e.Kind == connectors.NotFound && (isID(last) || last == "read" && strings.Contains(e.Reason, "OBJECT_NOT_FOUND")) {
		return err
	}
	with := *e
	with.Kind = connectors.Gone
	with.Reason = strings.TrimSpace(e.Reason + " HubSpot does not offer this path; check api_version and base_url")
	return &with
}

func (a *account) get(ctx context.Context, op, path string, q url.Values) (answer, error) {
	return a.ask(ctx, op, http.MethodGet, path, q, nil)
}

func (a *account) post(ctx context.Context, op, path string, q url.Values, in any) (answer, error) {
	return a.ask(ctx, op, http.MethodPost, path, q, in)
}

// broken is an answer that is not what it should be. It is Temporary: an answer that cannot be understood must not pass
// for an empty page, and asking again may bring a whole one.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// results returns the array that every collection of HubSpot's is in; an answer without one is broken, not empty.
func (n answer) results(op string) ([]gjson.Result, error) {
	if !n.list.IsArray() {
		return nil, broken(op, "answer has no results")
	}
	return n.list.Array(), nil
}

// after returns the paging cursor, "" at the end.
func (n answer) after() string { return n.next.String() }

// explain reads HubSpot's error body; limit is what a 429 refuses when the body does not say. The message is never
// shown: it quotes what was sent, and that is personal data. A 429 of search has neither headers nor a policy name.
// See https://developers.hubspot.com/docs/api-reference/error-handling.
func (a *account) explain(limit string) func(int, http.Header, []byte) rest.Problem {
	return func(status int, h http.Header, body []byte) rest.Problem {
		e := gjson.ParseBytes(body)
		p := rest.Problem{Trace: token(e.Get("correlationId").String()), Reason: reason(e)}
		if status != http.StatusTooManyRequests {
			return p
		}
		p.Limit = limit
		if policy := e.Get("policyName").String(); policy == "DAILY" {
			p.Limit = ""
			if h.Get("Retry-After") == "" {
				p.After = untilMidnight(a.now(), a.zone)
			}
		}
		return p
	}
}

// reason joins the codes of an error body and, for a missing scope, the scopes' names.
func reason(e gjson.Result) string {
	var parts []string
	for _, key := range []string{"category", "errorType", "subCategory", "policyName"} {
		if code := token(e.Get(key).String()); code != "" && !slices.Contains(parts, code) {
			parts = append(parts, code)
		}
	}
	if missing := scopesIn(e); len(missing) > 0 {
		parts = append(parts, "the app needs "+strings.Join(missing, ", "))
	}
	return strings.Join(parts, " ")
}

// scopesIn returns the scopes that an error body asks for.
func scopesIn(e gjson.Result) []string {
	var list []string
	for _, path := range []string{"context.requiredGranularScopes", "context.requiredScopes", "context.missingScopes", "errors.#.context.requiredScopes|@flatten"} {
		for _, scope := range e.Get(path).Array() {
			if name := token(scope.String()); name != "" && !slices.Contains(list, name) && len(list) < 20 {
				list = append(list, name)
			}
		}
	}
	return list
}

var code = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,99}$|^[0-9a-f-]{36}$`)

// token returns s when it looks like a code or an id, so that no text with values gets into an error.
func token(s string) string {
	if code.MatchString(s) {
		return s
	}
	return ""
}
