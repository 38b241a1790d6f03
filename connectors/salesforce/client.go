package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// answer is a complete answer and Salesforce's clock when it was given.
type answer struct {
	status int
	header http.Header
	body   gjson.Result
	date   time.Time
}

// path returns the address of a resource of the configured API version.
func (a *account) path(resource string) string {
	return "/services/data/" + a.version + "/" + resource
}

// ask makes one request. Every answer must carry a Date: cursors hold the vendor's time, never ours. A refusal comes
// with the refused answer.
func (a *account) ask(ctx context.Context, op, method, path string, q url.Values, in any) (answer, error) {
	return a.askWith(ctx, a.client, op, method, path, q, in)
}

// lost tells an API version or an address that is not there (any longer) from an object or a job that is not. A query
// can only miss its address, and taking that for "there are no rows" would delete every one.
func lost(path string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound || strings.Contains(path, "/sobjects/") || strings.Contains(path, "/jobs/query/") {
		return err
	}
	with := *e
	with.Kind = connectors.Gone
	with.Reason = strings.TrimSpace(e.Reason + ": Salesforce does not offer this path; check api_version and base_url")
	return &with
}

func (a *account) askWith(ctx context.Context, client rest.Client, op, method, path string, q url.Values, in any) (answer, error) {
	r, err := client.Do(ctx, op, method, path, q, in)
	err = lost(path, err)
	if r == nil {
		return answer{}, err
	}
	n := answer{status: r.Status, header: r.Header, date: r.Date}
	if len(r.Body) > 0 {
		n.body = gjson.Parse(unsafe.String(&r.Body[0], len(r.Body))) // nobody else has the body, and nobody changes it
	}
	if err == nil && n.date.IsZero() {
		return answer{}, broken(op, "answer has no Date header; a proxy may remove it, and without Salesforce's clock nothing can be read safely")
	}
	return n, err
}

func (a *account) get(ctx context.Context, op, path string, q url.Values) (answer, error) {
	return a.ask(ctx, op, http.MethodGet, path, q, nil)
}

// broken is an answer that is not what it should be. It is Temporary: an answer that cannot be understood must not pass
// for an empty page, and asking again may bring a whole one.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// expired is a place in the vendor's keeping that is no longer there: the stream is set back and read again.
func expired(op, reason string) error {
	return &connectors.Error{Kind: connectors.Gone, Expired: true, Op: op, Reason: reason}
}

const (
	// dailyRest is how often an exhausted day is tried again: its 24 hours roll, and no answer says when they end.
	dailyRest = time.Hour
	// busyRest is the wait after too many requests at once, each of which may take twenty seconds and more.
	busyRest = 30 * time.Second
)

// kinds are what the router should do about an error code, where the status does not say it already.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
var kinds = map[string]connectors.Kind{
	"UNABLE_TO_LOCK_ROW": connectors.Temporary, "SERVER_UNAVAILABLE": connectors.Temporary, "QUERY_TIMEOUT": connectors.Temporary,
	"INVALID_QUERY_LOCATOR": connectors.Temporary,
	"INVALID_SESSION_ID":    connectors.Denied, "INVALID_TYPE": connectors.Denied, "INSUFFICIENT_ACCESS": connectors.Denied,
	"API_DISABLED_FOR_ORG": connectors.Denied, "API_CURRENTLY_DISABLED": connectors.Denied, "INSUFFICIENT_ACCESS_OR_READONLY": connectors.Denied,
	"UNSUPPORTED_API_VERSION": connectors.Gone, "GONE": connectors.Gone, "InvalidVersion": connectors.Gone,
}

// hints say what to do about an error that needs a person.
var hints = map[string]string{
	"INVALID_SESSION_ID":      "the session is over and no new one could be had; sign in again",
	"INVALID_TYPE":            "the object does not exist or the user may not read it; give the user's profile or a permission set read access, or take it out of `streams`",
	"INSUFFICIENT_ACCESS":     "the user lacks a permission; give its profile or a permission set read access",
	"API_DISABLED_FOR_ORG":    "the organization's edition has no API, or the user lacks the permission API Enabled",
	"API_CURRENTLY_DISABLED":  "the API is turned off for the user; give it the permission API Enabled",
	"UNSUPPORTED_API_VERSION": "Salesforce no longer offers this version; set api_version to a newer one",
	"GONE":                    "Salesforce no longer offers this version; set api_version to a newer one",
	"InvalidVersion":          "Salesforce no longer offers this version; set api_version to a newer one",
}

// explain reads an error body: a list of {errorCode, message}, or, from the sign-in, {error, error_description}. The
// message is never shown: it quotes what was sent.
func (a *account) explain(status int, _ http.Header, body []byte) rest.Problem {
	e := gjson.ParseBytes(body)
	if e.IsArray() {
		e = e.Get("0")
	}
	code := token(e.Get("errorCode").String())
	if code == "" {
		code = token(e.Get("error").String())
	}
	p := rest.Problem{Reason: code, Kind: kinds[code]}
	switch {
	case code == "REQUEST_LIMIT_EXCEEDED":
		return a.exhausted(code, e.Get("message").String())
	case status == http.StatusGone:
		p.Kind, code = connectors.Gone, "GONE"
	case strings.HasPrefix(code, "INSUFFICIENT_ACCESS"):
		code = "INSUFFICIENT_ACCESS"
	case status == http.StatusBadRequest && spentJobs.Match(body):
		p.Reason = strings.TrimSpace(p.Reason + " the day's Bulk query jobs or results are used up")
	}
	if m := missingColumn.FindStringSubmatch(e.Get("message").String()); m != nil && code == "INVALID_FIELD" {
		p.Reason += ": no field " + m[1]
		if m[2] != "" {
			p.Reason += " of " + m[2]
		}
	}
	if hint := hints[code]; hint != "" {
		p.Reason = strings.TrimSpace(p.Reason + ": " + hint)
	}
	return p
}

// missingColumn finds the names in what Salesforce says of a field it does not know, and of the object it should be of.
var missingColumn = regexp.MustCompile(`No such column '([A-Za-z0-9_.]{1,80})'(?: on entity '([A-Za-z0-9_]{1,80})')?`)

// columnIn returns the field that a refusal is about, and the object it is of, each "" when it does not say.
func columnIn(err error) (column, sobject string) {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return "", ""
	}
	_, names, _ := strings.Cut(e.Reason, "INVALID_FIELD: no field ")
	column, sobject, _ = strings.Cut(names, " of ")
	return column, sobject
}

// spentJobs is what the refusal of a Bulk job says when the day's jobs are used up.
var spentJobs = regexp.MustCompile(`Max bulk v2 query (jobs|result size)`)

// exhausted tells the day's quota, which refills over hours, from too many long requests at the same time.
func (a *account) exhausted(code, message string) rest.Problem {
	if strings.Contains(message, "Concurrent") {
		return rest.Problem{Reason: code + ": too many requests at the same time", Kind: connectors.Limited, After: busyRest}
	}
	again := a.now().Add(dailyRest).UTC().Format("2006-01-02 15:04 UTC")
	return rest.Problem{Kind: connectors.Limited, After: dailyRest, Limit: dailyLimit,
		Reason: code + ": the organization's calls of the last 24 hours are used up; asked again at " + again}
}

var code = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,99}$`)

// token returns s when it looks like a code, so that no text with values gets into an error.
func token(s string) string {
	if code.MatchString(s) {
		return s
	}
	return ""
}

// codeOf returns the vendor's code of a refusal, "" when err is none.
func codeOf(err error) string {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return ""
	}
	code, _, _ := strings.Cut(e.Reason, ":")
	return code
}

// query is url.Values from pairs.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}
