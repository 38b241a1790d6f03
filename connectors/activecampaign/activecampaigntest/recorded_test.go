package activecampaigntest_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/activecampaign/activecampaigntest"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// serve starts an account.
func serve(t *testing.T, opt activecampaigntest.Options) (*activecampaigntest.Server, func(method, path, body string) (int, http.Header, string)) {
	t.Helper()
	sim := activecampaigntest.New(opt)
	server, err := sandbox.Listen(sim.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return sim, func(method, path, body string) (int, http.Header, string) {
		t.Helper()
		req, err := http.NewRequest(method, server.URL+"/api/3/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Api-Token", activecampaigntest.DefaultToken)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		out, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(out)
	}
}

// kinds are the recorded objects that the simulator has, by what an answer calls one.
var kinds = map[string]string{"contact": "contacts", "list": "lists", "tag": "tags", "contactTag": "contactTags", "field": "fields", "fieldValue": "fieldValues",
	"account": "accounts", "accountContact": "accountContacts", "deal": "deals", "dealGroup": "dealGroups", "dealStage": "dealStages", "user": "users"}

// later are members that not every recording has, younger ones do.
var later = map[string]bool{"email_empty": true}

// TestRowsLookLikeRecordedOnes: each row has the members of recorded rows and no others, in their order, with values of the same
// type, or null.
func TestRowsLookLikeRecordedOnes(t *testing.T) {
	sim, call := serve(t, activecampaigntest.Options{})
	made := map[string]string{}
	make := func(object string, fields map[string]any) string {
		id, err := sim.Create(object, fields)
		if err != nil {
			t.Fatal(err)
		}
		made[object] = id
		return id
	}
	c := make("contacts", map[string]any{"email": "zoe@initech.example"})
	a := make("accounts", map[string]any{"name": "Initech"})
	make("accountContacts", map[string]any{"account": a, "contact": c, "jobTitle": "CEO"})
	make("deals", map[string]any{"title": "Order 7", "contact": c})
	make("lists", map[string]any{"name": "News"})
	make("users", map[string]any{"username": "bram"})
	for _, err := range []error{sim.Tag(c, "vip"), sim.SetField(c, "TIER", "text", "Gold")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	compared := map[string]int{}
	for _, e := range lists(t) {
		for name, rows := range e {
			status, _, body := call("GET", name, "")
			if status != http.StatusOK {
				t.Fatalf("%s: %d", name, status)
			}
			all := gjson.Get(body, name).Array()
			own := all[len(all)-1]
			for _, want := range rows {
				if want.Get("isDisabled").Bool() {
					continue
				}
				compared[name]++
				if problem := differs(own, want); problem != "" {
					t.Errorf("%s: %s", name, problem)
				}
			}
		}
	}
	if len(compared) != len(kinds) {
		t.Errorf("compared %v, want all of %v", compared, slices.Sorted(maps.Keys(kinds)))
	}
	t.Logf("compared %v", compared)
}

// lists are the recorded rows of answers to GET.
func lists(t *testing.T) (all []map[string][]gjson.Result) {
	t.Helper()
	f, err := os.Open(connectortest.Shared(t, "recorded/activecampaign/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := gjson.Parse(lines.Text())
		if line.Get("method").Str != "GET" || line.Get("status").Int() != 200 {
			continue
		}
		found := map[string][]gjson.Result{}
		line.Get("response_body").ForEach(func(k, v gjson.Result) bool {
			for one, many := range kinds {
				if k.Str == many || k.Str == one && one != "contact" && one != "account" { // those two differ in a list
					found[many] = append(found[many], v.Array()...)
				}
			}
			return true
		})
		all = append(all, found)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// differs says how a row differs from a recorded one.
func differs(own, want gjson.Result) string {
	var a, b []string
	types := map[string]gjson.Result{}
	own.ForEach(func(k, v gjson.Result) bool {
		if !later[k.Str] {
			a = append(a, k.Str)
		}
		types[k.Str] = v
		return true
	})
	problem := ""
	want.ForEach(func(k, v gjson.Result) bool {
		if !later[k.Str] {
			b = append(b, k.Str)
		}
		if mine := types[k.Str]; mine.Type != v.Type && mine.Type != gjson.Null && v.Type != gjson.Null && !(mine.IsBool() && v.IsBool()) {
			problem = fmt.Sprintf("%s is %v here and %v there", k.Str, mine.Type, v.Type)
		}
		return true
	})
	if problem == "" && !slices.Equal(a, b) {
		return fmt.Sprintf("got the members\n%v\nwant\n%v", a, b)
	}
	return problem
}
