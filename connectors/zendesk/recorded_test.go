package zendesk_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/zendesk"
	"github.com/millrace/millrace/mapping"
)

// exchange is one line of the recordings.
type exchange struct {
	Method string
	Path   string
	Status int
	Header map[string]string
	Body   []byte
}

// exchanges reads the recordings; bodies that were kept compressed are unpacked.
func exchanges(t *testing.T) (list []exchange) {
	f, err := os.Open(connectortest.Shared(t, "recorded/zendesk/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := gjson.ParseBytes(lines.Bytes())
		e := exchange{Method: line.Get("method").String(), Path: line.Get("path").String(), Status: int(line.Get("status").Int()), Header: map[string]string{}}
		line.Get("response_headers").ForEach(func(k, v gjson.Result) bool { e.Header[k.String()] = v.String(); return true })
		e.Body = bodyOf(t, line.Get("response_body"))
		list = append(list, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func bodyOf(t *testing.T, v gjson.Result) []byte {
	t.Helper()
	if v.IsArray() {
		v = v.Get("0")
	}
	if v.Type != gjson.String {
		return []byte(v.Raw)
	}
	packed, err := hex.DecodeString(v.Str)
	if err != nil || len(packed) < 2 || packed[0] != 0x1f {
		return []byte(v.Str)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// replay is a server that gives one answer.
type replay struct {
	status int
	header map[string]string
	body   []byte
}

// ServeHTTP implements http.Handler.
func (p *replay) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, value := range p.header {
		if !strings.HasPrefix(name, "content-") && name != "transfer-encoding" && name != "connection" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
}

func replaying(t *testing.T) (*replay, any) {
	t.Helper()
	p := &replay{status: http.StatusOK}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	h := newHarness(t, "users", nil)
	h.url = server.URL
	return p, connectortest.Open(t, h)
}

func ownRules(t *testing.T) *mapping.Rules {
	t.Helper()
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: zendesk.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// plural is what an object is called in an answer that has one of them.
var plural = map[string]string{"user": "users", "organization": "organizations", "ticket": "tickets"}

// objectsIn returns the users, organizations and tickets of an answer, whatever its shape.
func objectsIn(body []byte) map[string][]gjson.Result {
	found := map[string][]gjson.Result{}
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		if many, ok := plural[name]; ok && value.IsObject() {
			found[many] = append(found[many], value)
		}
		for _, many := range plural {
			if name == many {
				found[many] = append(found[many], value.Array()...)
			}
		}
		return true
	})
	return found
}

// fetched has the connector fetch recorded objects, and maps them.
func fetched(t *testing.T, p *replay, src any, rules *mapping.Rules, what string, found map[string][]gjson.Result) (n int) {
	t.Helper()
	for object, list := range found {
		var refs []connectors.Ref
		var raw []string
		for _, one := range list {
			if one.Get("updated_at").Exists() && one.Get("active").String() != "false" {
				refs = append(refs, connectors.Ref{Connection: "c", Object: object, ID: one.Get("id").String()})
				raw = append(raw, one.Raw)
			}
		}
		if len(refs) == 0 {
			continue
		}
		p.status, p.body = http.StatusOK, []byte(fmt.Sprintf(`{%q:[%s]}`, object, strings.Join(raw, ",")))
		records, err := src.(connectors.Getter).Get(context.Background(), refs)
		if err != nil || len(records) != len(refs) {
			t.Errorf("%s: got %d of %d %s and %v", what, len(records), len(refs), object, err)
		}
		n += len(records)
		for _, r := range records {
			if _, out, err := rules.Map(r); err != nil || len(out.Warnings) > 0 {
				t.Errorf("%s: map %s: %v %v", what, r.Ref, err, out.Warnings)
			}
		}
	}
	return n
}

// TestRecordedExchanges: every recorded answer gives its objects as records that map, or, when it was refused, an error
// of the right kind that shows nothing personal; its headers say what is left of the account's limit.
func TestRecordedExchanges(t *testing.T) {
	p, src := replaying(t)
	rules := ownRules(t)
	kinds := map[int]connectors.Kind{404: connectors.Gone, 422: connectors.Rejected, 429: connectors.Limited}
	objects, refused, told := 0, 0, 0
	for _, e := range exchanges(t) {
		what := e.Method + " " + e.Path
		p.header = e.Header
		h := http.Header{}
		for name, value := range e.Header {
			h.Set(name, value)
		}
		if list := zendesk.Connector.Spec.Told(&http.Response{Header: h}); len(list) == 1 && list[0].Limit == "account" {
			told++
		}
		if e.Status < 400 {
			objects += fetched(t, p, src, rules, what, objectsIn(e.Body))
			continue
		}
		refused++
		p.status, p.body = e.Status, e.Body
		_, err := src.(connectors.Source).Read(context.Background(), "users", "")
		if connectors.KindOf(err) != kinds[e.Status] || strings.Contains(fmt.Sprint(err), "@") {
			t.Errorf("%s %d: got %v, want it to be %v", what, e.Status, err, kinds[e.Status])
		}
	}
	t.Logf("%d objects, %d refusals, %d answers that tell the limit", objects, refused, told)
	if objects < 60 || refused < 30 || told < 140 {
		t.Errorf("got %d objects, %d refusals and %d limits, want at least 60, 30 and 140", objects, refused, told)
	}
}

// TestRecordedPages: pages that others collected decode by the way that they would come, and map.
func TestRecordedPages(t *testing.T) {
	p, src := replaying(t)
	rules := ownRules(t)
	for file, stream := range map[string]string{
		"amp-labs/test__read__incremental__tickets.json":            "tickets",
		"amp-labs/test__read__incremental__users-1-first-page.json": "users",
		"amp-labs/test__read__incremental__users-2-last-page.json":  "users",
		"amp-labs/test__read__incremental__organizations.json":      "organizations",
		"amp-labs/test__read__custom_fields__ticket_fields.json":    "ticket_pipelines",
		"go-zendesk/GET__organization_memberships.json":             "organization_memberships",
	} {
		body, err := os.ReadFile(connectortest.Shared(t, "recorded/zendesk/"+file))
		if err != nil {
			t.Fatal(err)
		}
		if stream == "organization_memberships" { // recorded with paging by number
			body = append(bytes.TrimRight(body, " \n}"), `,"meta":{"has_more":false}}`...)
		}
		p.body = body
		if stream == "ticket_pipelines" {
			p.body = append(bytes.TrimRight(body, " \n}"), `,"ticket_forms":[],"custom_statuses":[]}`...)
		}
		page, err := src.(connectors.Source).Read(context.Background(), stream, "")
		if err != nil || len(page.Records) == 0 {
			t.Errorf("%s: got %d records and %v", file, len(page.Records), err)
		}
		for _, r := range page.Records {
			if _, out, err := rules.Map(r); err != nil || len(out.Warnings) > 0 {
				t.Errorf("%s: map %s: %v %v", file, r.Ref, err, out.Warnings)
			}
		}
	}
}

// TestCollectedAnswers: every user, organization and ticket in the answers that SDKs keep for their own tests maps.
func TestCollectedAnswers(t *testing.T) {
	p, src := replaying(t)
	rules := ownRules(t)
	n := 0
	for _, folder := range []string{"go-zendesk", "amp-labs"} {
		files, err := filepath.Glob(filepath.Join(connectortest.Shared(t, "recorded/zendesk"), folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n += fetched(t, p, src, rules, filepath.Base(file), objectsIn(body))
		}
	}
	if n < 20 {
		t.Errorf("got %d objects, want at least 20", n)
	}
}

// TestRecordedErrors: the bodies of refusals that others collected give their code and nothing else of what they say.
func TestRecordedErrors(t *testing.T) {
	p, src := replaying(t)
	for file, want := range map[string]struct {
		status int
		kind   connectors.Kind
		reason string
	}{
		"test__forbidden.json":          {403, connectors.Denied, "Forbidden the export needs an administrator"},
		"test__resource-not-found.json": {404, connectors.Gone, "InvalidEndpoint Zendesk does not offer this path; check subdomain and base_url"},
		"test__server-error.json":       {500, connectors.Temporary, "InternalServerError"},
		"test__missing-parameter.json":  {400, connectors.Rejected, "ParameterMissing"},
		"test__duplicate-error.json":    {422, connectors.Rejected, "RecordInvalid DuplicateValue"},
		"test__record-validation.json":  {422, connectors.Rejected, "RecordInvalid InvalidValue InvalidFormat BlankValue"},
	} {
		body, err := os.ReadFile(connectortest.Shared(t, "recorded/zendesk/amp-labs/"+file))
		if err != nil {
			t.Fatal(err)
		}
		p.status, p.body = want.status, body
		_, err = src.(connectors.Source).Read(context.Background(), "users", "")
		var refused *connectors.Error
		if !asError(err, &refused) || refused.Kind != want.kind || refused.Reason != want.reason {
			t.Errorf("%s: got %v, want %v: %s", file, err, want.kind, want.reason)
		}
	}
}

// TestAnonymousAnswer: a wrong token is answered with 200 and a user who is nobody (recorded).
func TestAnonymousAnswer(t *testing.T) {
	p, src := replaying(t)
	for _, e := range exchanges(t) {
		if strings.HasSuffix(e.Path, "/users/me.json") && e.Status == http.StatusOK && gjson.GetBytes(e.Body, "user.id").Type == gjson.Null {
			p.header, p.body = e.Header, e.Body
		}
	}
	if !json.Valid(p.body) {
		t.Fatal("there is no such recording")
	}
	list, err := src.(connectors.Checker).Check(context.Background())
	if err != nil || len(list) != 1 || list[0].OK || !strings.Contains(list[0].Detail, "the answer is for nobody") {
		t.Errorf("got %v and %v, want sign-in refused", list, err)
	}
}
