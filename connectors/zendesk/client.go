package zendesk

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

// api is the only version there is.
const api = "/api/v2"

// answer is a complete answer and Zendesk's clock when it was given.
type answer struct {
	members map[string]gjson.Result // found in one pass, since a page can be megabytes
	date    time.Time
}

func newAnswer(body []byte, date time.Time) answer {
	n := answer{date: date, members: map[string]gjson.Result{}}
	if len(body) == 0 {
		return n
	}
	all := gjson.Parse(unsafe.String(&body[0], len(body))) // nobody else has the body, and nobody changes it
	if all.IsObject() {
		all.ForEach(func(key, value gjson.Result) bool { n.members[key.Str] = value; return true })
	}
	return n
}

// get makes one request. Every answer must carry a Date: what is promised to be complete counts on the vendor's clock.
func (a *account) get(ctx context.Context, op, path string, q url.Values) (answer, error) {
	client := a.client
	client.Explain = explain(path)
	r, err := client.Do(ctx, op, http.MethodGet, api+path, q, nil)
	if err != nil {
		return answer{}, noPath(path, err)
	}
	if r.Date.IsZero() {
		return answer{}, broken(op, "answer has no Date header; a proxy may remove it, and without Zendesk's clock nothing can be read safely")
	}
	return newAnswer(r.Body, r.Date), nil
}

// list returns the array that a collection is in; an answer without it is broken, not empty.
func (n answer) list(op, name string) ([]gjson.Result, error) {
	all := n.members[name]
	if !all.IsArray() {
		return nil, broken(op, "answer has no "+name)
	}
	return all.Array(), nil
}

// noPath tells an address that is not there (any longer) from an object that is not: only a path that ends in an id, or
// goes below one, can miss an object, and Zendesk says RecordNotFound then; how it says so of a webhook is not documented. A
// proxy, and what answers for an account that was renamed or closed, knows nothing of objects: taking its word for it would skip
// the comments of every ticket.
func noPath(path string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound {
		return err
	}
	if slices.ContainsFunc(strings.Split(path, "/"), isID) && e.Reason == "RecordNotFound" ||
		strings.HasPrefix(path, "/webhooks/") && strings.HasSuffix(e.Reason, "NotFound") {
		return err
	}
	with := *e
	with.Kind = connectors.Gone
	with.Reason = strings.TrimSpace(e.Reason + " Zendesk does not offer this path; check subdomain and base_url")
	return &with
}

// broken is an answer that is not what it should be. It is Temporary: an answer that cannot be understood must not pass
// for an empty page, and asking again may bring a whole one.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// explain reads an error body, which has many shapes: {"error":"RecordNotFound","description":…}, {"error":{"title":…,
// "message":…}}, {"errors":[{"code":…}]}, {"status":500,"error":"Internal Server Error"}, or plain text for a 429. Only
// codes are shown: descriptions quote what was sent, and that is personal data.
func explain(path string) func(int, http.Header, []byte) rest.Problem {
	return func(status int, h http.Header, body []byte) rest.Problem {
		p := rest.Problem{Reason: reason(body), Trace: code(h.Get("X-Request-Id"))}
		if status == http.StatusForbidden && exportOf(path) != "" {
			p.Reason = strings.TrimSpace(p.Reason + " the export needs an administrator")
		}
		if status == http.StatusTooManyRequests && !exhausted(h) {
			p.Limit = exportOf(path)
		}
		return p
	}
}

// sentences are what Zendesk says in words where others have a code.
var sentences = []struct{ text, reason string }{
	{"Couldn't authenticate you", "NotAuthenticated"},
	{"Internal Server Error", "InternalServerError"},
	{"Number of allowed API requests", "RateLimited"},
	{"rate limit", "RateLimited"},
	{"Too Many Requests", "RateLimited"},
	{"No help desk", "there is no account of this name"},
	{"Invalid cursor", "InvalidCursor"},
	{"Too recent start_time", "StartTimeTooRecent"},
}

// reason returns the codes of an error body.
func reason(body []byte) string {
	e := gjson.ParseBytes(body)
	if !gjson.ValidBytes(body) || !e.IsObject() {
		return sentence(string(body[:min(len(body), 1000)]))
	}
	var parts []string
	add := func(text string) {
		if text = either(code(text), sentence(text)); text != "" && !slices.Contains(parts, text) && len(parts) < 5 {
			parts = append(parts, text)
		}
	}
	if one := e.Get("error"); one.IsObject() {
		add(one.Get("code").String())
		add(one.Get("title").String())
	} else {
		add(one.String())
	}
	add(sentence(e.Get("description").String()))
	for _, one := range e.Get("errors").Array() {
		add(one.Get("code").String())
	}
	e.Get("details").ForEach(func(_, list gjson.Result) bool {
		for _, one := range list.Array() {
			add(one.Get("error").String())
		}
		return true
	})
	return strings.Join(parts, " ")
}

func sentence(text string) string {
	for _, s := range sentences {
		if strings.Contains(text, s.text) {
			return s.reason
		}
	}
	return ""
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

var codes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}$|^[0-9a-f-]{36}$`)

// code returns s when it looks like a code or an id, so that no text with values gets into an error.
func code(s string) string {
	if codes.MatchString(s) {
		return s
	}
	return ""
}

// isID reports whether s is an id as Zendesk writes it: digits.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
