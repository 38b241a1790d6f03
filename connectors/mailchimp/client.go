package mailchimp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// api is the only version there is.
const api = "/3.0"

// pageSize is the most rows of a page. Mailchimp documents it, and takes a greater number silently.
const pageSize = 1000

// answer is a complete answer and Mailchimp's clock when it was given.
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
	r, err := a.getWhole(ctx, op, path, q)
	if err != nil {
		return answer{}, err
	}
	return newAnswer(r.Body, r.Date), nil
}

func (a *account) getWhole(ctx context.Context, op, path string, q url.Values) (*rest.Response, error) {
	r, err := a.client.Do(ctx, op, http.MethodGet, api+path, q, nil)
	if err != nil {
		return nil, noPath(err)
	}
	if r.Date.IsZero() {
		return nil, broken(op, "answer has no Date header; a proxy may remove it, and without Mailchimp's clock nothing can be read safely")
	}
	return r, nil
}

// noPath tells an address that is not there from an object that is not: of an object Mailchimp says so in a body of its own
// (recorded). A proxy knows nothing of members: taking its word for it would pass for an audience that was deleted.
func noPath(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound || e.Reason == "Resource Not Found" {
		return err
	}
	with := *e
	with.Kind = connectors.Gone
	with.Reason = strings.TrimSpace(e.Reason + " Mailchimp does not offer this path; check base_url")
	return &with
}

// list returns the array that a collection is in and how many rows there are in all; an answer without either is broken,
// not empty.
func (n answer) list(op, name string) (rows []gjson.Result, total int, err error) {
	all, count := n.members[name], n.members["total_items"]
	if !all.IsArray() || count.Type != gjson.Number || count.Int() < 0 {
		return nil, 0, broken(op, "answer has no "+name+" or no total_items")
	}
	return all.Array(), int(count.Int()), nil
}

// broken is an answer that is not what it should be. It is Temporary: an answer that cannot be understood must not pass
// for an empty page, and asking again may bring a whole one.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// edgeRest is how long to wait when Mailchimp refuses without saying for how long, which it never does.
const edgeRest = 30 * time.Second

// explain reads an error body, {"type","title","status","detail","instance"}, sometimes without the type. Titles are a
// closed set of short sentences; detail quotes what was sent, and that is personal data. A 403 that is not such a body is
// the edge's, which throttles with it: "at exceptionally high volumes, you may receive an HTTP 429 or 403 without a JSON
// body" (https://mailchimp.com/developer/marketing/docs/fundamentals/#throttling). Taking it for a missing permission would
// stop the connection until a person looks.
func explain(status int, h http.Header, body []byte) rest.Problem {
	problem := gjson.ParseBytes(body)
	said := gjson.ValidBytes(body) && problem.IsObject()
	p := rest.Problem{Reason: title(problem.Get("title").String()), Trace: code(either(problem.Get("instance").String(), h.Get("X-Request-Id")))}
	if !said {
		p.Reason = ""
	}
	silent := h.Get("Retry-After") == ""
	switch {
	case status == http.StatusForbidden && !said:
		p.Kind, p.Reason = connectors.Limited, "throttled by the edge, without a word"
		if silent {
			p.After = edgeRest
		}
	case status == http.StatusForbidden && strings.EqualFold(p.Reason, "WrongDatacenter"), status == http.StatusUnauthorized && strings.EqualFold(p.Reason, "Wrong Datacenter"):
		p.Reason = "wrong data centre: use the one at the end of the API key"
	case status == http.StatusTooManyRequests && silent:
		p.After = time.Second // a connection gets free sooner than that
	}
	return p
}

// titles are short sentences of letters.
var titles = regexp.MustCompile(`^[A-Za-z][A-Za-z ,'-]{0,59}$`)

// title returns s when it looks like one, so that no text with values gets into an error.
func title(s string) string {
	if titles.MatchString(s) {
		return s
	}
	return ""
}

var codes = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// code returns s when it looks like an id.
func code(s string) string {
	if codes.MatchString(s) {
		return s
	}
	return ""
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// ids are those that Mailchimp makes: of lists, campaigns, interests and addresses ten or so letters and digits,
// of contacts 32 hexadecimal digits.
var ids = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)

// isID reports whether s is an id, so that it can stand in a path.
func isID(s string) bool { return ids.MatchString(s) }

// stamp writes a time as Mailchimp's filters read it, in whole seconds.
func stamp(seconds int64) string { return unix(seconds).Format("2006-01-02T15:04:05+00:00") }

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// seconds reads a time of Mailchimp's, 0 when there is none: it writes "" for a time that never was.
func seconds(text string) int64 {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return 0
	}
	return at.Unix()
}

func digits(n int) string { return strconv.Itoa(n) }
