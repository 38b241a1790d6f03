package activecampaign

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

// api is where the version that is read is.
const api = "/api/3/"

// answer is a complete answer and ActiveCampaign's clock when it was given.
type answer struct {
	members map[string]gjson.Result // found in one pass, since a page can be megabytes
	date    time.Time
}

// get makes one request. Every answer must carry a Date: what is read from when on counts on the vendor's clock.
func (a *account) get(ctx context.Context, op, path string, q url.Values) (answer, error) {
	client := a.client
	client.Explain = explain
	r, err := client.Do(ctx, op, http.MethodGet, api+path, q, nil)
	if err != nil {
		return answer{}, noPath(path, err)
	}
	if r.Date.IsZero() {
		return answer{}, broken(op, "answer has no Date header; a proxy may remove it, and without ActiveCampaign's clock nothing can be read safely")
	}
	n := answer{date: r.Date, members: map[string]gjson.Result{}}
	if len(r.Body) > 0 {
		all := gjson.Parse(unsafe.String(&r.Body[0], len(r.Body))) // nobody else has the body, and nobody changes it
		if all.IsObject() {
			all.ForEach(func(key, value gjson.Result) bool { n.members[key.Str] = value; return true })
		}
	}
	return n, nil
}

// list returns the array that a collection is in; an answer without it is broken, not empty.
func (n answer) list(op, name string) ([]gjson.Result, error) {
	all := n.members[name]
	if !all.IsArray() {
		return nil, broken(op, "answer has no "+name)
	}
	return all.Array(), nil
}

// total reads meta.total, which is a text in most answers and a number in others; -1 when it is missing.
func (n answer) total() int64 {
	total := n.members["meta"].Get("total")
	if text := total.String(); isID(text) && len(text) < 18 {
		return total.Int()
	}
	return -1
}

// noPath tells an address that is not there from an object that is not: of an object ActiveCampaign says that there is no
// result. Anything else that says 404 knows nothing of objects, a wrong account_url for example.
func noPath(path string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound {
		return err
	}
	if e.Reason == noResult && slices.ContainsFunc(strings.Split(path, "/"), isID) {
		return err
	}
	with := *e
	with.Kind = connectors.Gone
	with.Reason = strings.TrimSpace(e.Reason + " ActiveCampaign does not offer " + path + " here; check account_url, or take it out of `streams`")
	return &with
}

// broken is an answer that is not what it should be. It is Temporary: an answer that cannot be understood must not pass for
// an empty page, and asking again may bring a whole one.
func broken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: reason}
}

// noResult is the reason of a 404 about an object, {"message":"No Result found for Contact with id 5"}.
const noResult = "NoResult"

// explain reads an error body: {"message":…} or {"errors":[{"title":…,"code":…}]}. Only codes are shown, for titles and
// messages quote what was sent.
func explain(status int, h http.Header, body []byte) rest.Problem {
	p := rest.Problem{Trace: code(h.Get("X-Request-Id"))}
	if gjson.ValidBytes(body) {
		e := gjson.ParseBytes(body)
		if strings.HasPrefix(e.Get("message").String(), "No Result found for ") {
			p.Reason = noResult
		}
		for _, one := range e.Get("errors").Array() {
			if c := code(one.Get("code").String()); c != "" && len(p.Reason) < 200 {
				p.Reason = strings.TrimSpace(p.Reason + " " + c)
			}
		}
	}
	switch status {
	case http.StatusPaymentRequired:
		p.Kind, p.Reason = connectors.Denied, "the account has expired or is not paid; renew it at ActiveCampaign"
	case http.StatusForbidden, http.StatusUnauthorized:
		p.Reason = "ActiveCampaign refuses the key, or its user may not read this; check api_token, the user's group and the plan"
	}
	return p
}

var codes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,99}$|^[0-9a-f-]{36}$`)

// code returns s when it looks like a code or an id, so that no text with values gets into an error.
func code(s string) string {
	if codes.MatchString(s) {
		return s
	}
	return ""
}

// isID reports whether s is an id as ActiveCampaign writes it: digits.
func isID(s string) bool {
	return s != "" && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}
