package mailchimp_test

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp"
	"github.com/millrace/millrace/mapping"
)

func ownRules(t *testing.T) *mapping.Rules {
	t.Helper()
	rules, err := mapping.Load(mapping.File{Name: "rules.yaml", Data: mailchimp.Connector.Spec.Rules})
	must(t, err)
	return rules
}

// exchanges calls fn for every recorded exchange.
func exchanges(t *testing.T, fn func(e gjson.Result)) {
	t.Helper()
	f, err := os.Open(connectortest.Shared(t, "recorded/mailchimp/exchanges.jsonl"))
	must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		fn(gjson.Parse(lines.Text()))
	}
	must(t, lines.Err())
}

var (
	oneMember   = regexp.MustCompile(`/lists/[^/]+/members/[^/]+$`)
	manyMembers = regexp.MustCompile(`/lists/[^/]+/members$`)
)

// TestRecordedExchanges: every recorded answer gives its objects as records that map without a warning or, when it was refused,
// an error of the right kind that shows nothing personal.
func TestRecordedExchanges(t *testing.T) {
	a, src := answered(t)
	rules := ownRules(t)
	kinds := map[int64]connectors.Kind{400: connectors.Rejected, 404: connectors.NotFound, 405: connectors.Rejected}
	members, lists, refused, all := 0, 0, 0, 0
	exchanges(t, func(e gjson.Result) {
		all++
		what := e.Get("method").String() + " " + e.Get("path").String()
		a.status, a.body, a.kind = int(e.Get("status").Int()), e.Get("response_body").Raw, e.Get("response_headers.content-type").String()
		path := e.Get("path").String()
		var records []connectors.Record
		var err error
		switch {
		case a.status >= 400:
			refused++
			_, err := src.(connectors.Getter).Get(t.Context(), []connectors.Ref{{Object: "campaigns", ID: "x"}})
			page, readErr := src.(connectors.Source).Read(t.Context(), "members", "")
			if want := kinds[int64(a.status)]; connectors.KindOf(readErr) != want || len(page.Records) > 0 || want == connectors.NotFound && err != nil ||
				strings.Contains(fmt.Sprint(readErr), "@") {
				t.Errorf("%s %d: got %v and %v, want %v", what, a.status, readErr, err, want)
			}
		case manyMembers.MatchString(path) && e.Get("method").String() == "GET" && e.Get("query.sort_dir").String() == "ASC" && e.Get("query.offset").String() == "0":
			a.body = strings.Replace(a.body, `"total_items": 10`, fmt.Sprintf(`"total_items": %d`, e.Get("response_body.members.#").Int()), 1)
			page, readErr := src.(connectors.Source).Read(t.Context(), "members", `{"v":1,"phase":"present","until":1796040000,"next":1796039940,"lists":[{"id":"a36b032126","name":"Test"}],"done":1}`)
			records, err = page.Records, readErr
			if len(records) != 2*int(e.Get("response_body.members.#").Int()) {
				t.Errorf("%s: got %d records of %d members (%v)", what, len(records), e.Get("response_body.members.#").Int(), err)
			}
		case oneMember.MatchString(path) && e.Get("response_body.contact_id").Exists(), manyMembers.MatchString(path) && e.Get("response_body.contact_id").Exists():
			id := e.Get("response_body.list_id").String() + ":" + e.Get("response_body.contact_id").String()
			records, err = src.(connectors.Getter).Get(t.Context(), []connectors.Ref{{Object: "members", ID: id}})
			if len(records) != 2 || records[0].Ref.ID != id {
				t.Errorf("%s: got %v and %v, want the member %s", what, records, err, id)
			}
		case path == "/3.0/lists":
			page, readErr := src.(connectors.Source).Read(t.Context(), "lists", "")
			records, err = page.Records, readErr
			lists += len(records)
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, r := range records {
			if r.Ref.Object == "members" {
				members++
			}
			if _, out, err := rules.Map(r); err != nil || len(out.Warnings) > 0 {
				t.Errorf("%s: map %s: %v %v", what, r.Ref, err, out.Warnings)
			}
		}
	})
	t.Logf("%d exchanges: %d members, %d audiences, %d refusals", all, members, lists, refused)
	if members < 90 || lists < 15 || refused < 45 {
		t.Errorf("got %d members, %d audiences and %d refusals, want at least 90, 15 and 45", members, lists, refused)
	}
}
