package activecampaign_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/mapping"
)

// exchange is one recorded request and its answer.
type exchange struct {
	Method, Path string
	Status       int
	Body         string
}

// exchanges reads the recordings: a file of exchanges, and the cassettes that most of them come from.
func exchanges(t *testing.T) (list []exchange) {
	f, err := os.Open(connectortest.Shared(t, "recorded/activecampaign/exchanges.jsonl"))
	must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := gjson.ParseBytes(lines.Bytes())
		body := line.Get("response_body")
		raw := body.Raw
		if body.Type == gjson.String {
			raw = body.Str
		}
		list = append(list, exchange{line.Get("method").String(), line.Get("path").String(), int(line.Get("status").Int()), raw})
	}
	must(t, lines.Err())
	files, err := filepath.Glob(filepath.Join(connectortest.Shared(t, "recorded/activecampaign/active_campaign-gem-vcr"), "*.yml"))
	must(t, err)
	for _, file := range files {
		list = append(list, cassette(t, file)...)
	}
	return list
}

func cassette(t *testing.T, file string) (list []exchange) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var tape struct {
		Interactions []struct {
			Request  struct{ Method, URI string }
			Response struct {
				Status struct{ Code int }
				Body   struct{ String string }
			}
		} `yaml:"http_interactions"`
	}
	if err := yaml.Unmarshal(text, &tape); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	for _, one := range tape.Interactions {
		list = append(list, exchange{strings.ToUpper(one.Request.Method), strings.TrimPrefix(one.Request.URI, "<API_ENDPOINT>"), one.Response.Status.Code, one.Response.Body.String})
	}
	return list
}

func ownRules(t *testing.T) *mapping.Rules {
	t.Helper()
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: activecampaign.Connector.Spec.Rules})
	must(t, err)
	return rules
}

// objectsIn returns the raw objects of an answer by the stream that has them, whatever its shape.
func objectsIn(body string) map[string][]string {
	found := map[string][]string{}
	gjson.Parse(body).ForEach(func(key, value gjson.Result) bool {
		for _, s := range activecampaign.Connector.Spec.Streams {
			switch {
			case key.Str == s.Name && value.IsArray():
				for _, one := range value.Array() {
					found[s.Name] = append(found[s.Name], one.Raw)
				}
			case key.Str == strings.TrimSuffix(s.Name, "s") && value.IsObject():
				found[s.Name] = append(found[s.Name], value.Raw)
			}
		}
		return true
	})
	return found
}

// TestRecordedExchanges: every recorded answer is one that the connector reads, and its objects map without a warning; every
// refusal is an error of the right kind that shows nothing of it.
func TestRecordedExchanges(t *testing.T) {
	h := newHarness(t, "contacts", nil)
	h.extra["side_loads"] = []string{} // the recordings have none
	for _, s := range activecampaign.Connector.Spec.Streams {
		list, _ := h.extra["streams"].([]string)
		h.extra["streams"] = append(list, s.Name)
	}
	src, rules := connectortest.Open(t, h).(connectors.Source), ownRules(t)
	var status int
	var body string
	h.front = func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", "Sun, 24 May 2020 10:16:32 GMT")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	all := exchanges(t)
	objects, refused, kinds := 0, 0, map[string]int{}
	for _, e := range all {
		what := e.Method + " " + e.Path
		if e.Status >= 300 {
			status, body = e.Status, e.Body
			_, err := src.Read(context.Background(), "lists", "")
			want := map[int]connectors.Kind{301: connectors.Denied, 404: connectors.Gone, 422: connectors.Rejected}[e.Status]
			if refused++; connectors.KindOf(err) != want || strings.Contains(fmt.Sprint(err), "Result found") {
				t.Errorf("%s %d: got %v, want %v", what, e.Status, err, want)
			}
			continue
		}
		for stream, rows := range objectsIn(e.Body) {
			slices.SortFunc(rows, func(a, b string) int { return int(gjson.Get(a, "id").Int() - gjson.Get(b, "id").Int()) })
			status, body = http.StatusOK, fmt.Sprintf(`{%q:[%s],"meta":{"total":"%d"}}`, stream, strings.Join(rows, ","), len(rows))
			page, err := src.Read(context.Background(), stream, "")
			if err != nil || len(page.Records) != len(rows) {
				t.Errorf("%s: got %d of %d %s and %v", what, len(page.Records), len(rows), stream, err)
			}
			objects += len(page.Records)
			kinds[stream] += len(page.Records)
			mapped(t, rules, e, page.Records)
		}
	}
	t.Logf("%d exchanges: %d objects %v, %d refusals", len(all), objects, kinds, refused)
	if len(all) < 1000 || objects < 380 || refused < 30 {
		t.Errorf("got %d exchanges, %d objects and %d refusals, want more", len(all), objects, refused)
	}
}

// mapped maps what was recorded, and wants no warnings.
func mapped(t *testing.T, rules *mapping.Rules, e exchange, records []connectors.Record) {
	t.Helper()
	for _, r := range records {
		_, out, err := rules.Map(r)
		if err != nil {
			t.Errorf("%s %s: map %s: %v", e.Method, e.Path, r.Ref, err)
		}
		for _, w := range out.Warnings {
			if e.Method == http.MethodGet || w.Field != "amount" { // what is written is echoed, 156.24 cents too
				t.Errorf("%s %s: map %s: %s", e.Method, e.Path, r.Ref, w)
			}
		}
	}
}

// distinct returns the recorded rows of one kind, each once.
func distinct(all []exchange, name string) (rows []gjson.Result) {
	seen := map[string]bool{}
	for _, e := range all {
		body := gjson.Parse(e.Body)
		for _, one := range append(body.Get(name).Array(), body.Get(strings.TrimSuffix(name, "s")).Array()...) {
			if id := one.Get("id").String(); id != "" && !seen[id] {
				seen[id] = true
				rows = append(rows, one)
			}
		}
	}
	return rows
}

// TestRecordedFieldsAndTags: custom fields, their values, tags and who has them, as recorded, beside contacts.
func TestRecordedFieldsAndTags(t *testing.T) {
	all, contacts, parts := exchanges(t), map[string]bool{}, []string{`"contactLists":[]`}
	known := 0
	for _, name := range []string{"fields", "fieldValues", "tags", "contactTags"} {
		var raw []string
		for _, one := range distinct(all, name) {
			raw = append(raw, one.Raw)
			if c := one.Get("contact").String(); c != "" {
				contacts[c] = true
			}
		}
		parts = append(parts, fmt.Sprintf("%q:[%s]", name, strings.Join(raw, ",")))
		known += len(raw)
	}
	var list []string
	for id := range contacts {
		list = append(list, fmt.Sprintf(`{"id":%q,"email":"a%s@initech.example","cdate":"2020-05-24T05:16:44-05:00"}`, id, id))
	}
	slices.SortFunc(list, func(a, b string) int { return int(gjson.Get(a, "id").Int() - gjson.Get(b, "id").Int()) })
	parts = append(parts, `"contacts":[`+strings.Join(list, ",")+`]`)
	h := newHarness(t, "contacts", nil)
	h.front = func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{"+strings.Join(parts, ",")+"}")
	}
	r := newReader(t, h, "contacts")
	r.read(t)
	rules, tags, fields := ownRules(t), 0, 0
	for _, rec := range r.got {
		p, out, err := rules.Map(rec)
		if err != nil || len(out.Warnings) > 0 {
			t.Errorf("map %s: %v %v", rec.Ref, err, out.Warnings)
		}
		for _, f := range p.Fields {
			if f.Name == "tags" && string(f.Value) != "null" {
				tags++
			}
			if strings.HasPrefix(f.Name, "custom.") {
				fields++
			}
		}
	}
	t.Logf("%d contacts, %d with tags, %d custom fields of %d rows", len(r.got), tags, fields, known)
	if tags < 5 || fields < 8 {
		t.Errorf("got %d contacts with tags and %d custom fields, want more", tags, fields)
	}
}
