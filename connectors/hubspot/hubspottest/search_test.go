package hubspottest_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// search posts a body and returns the page.
func (a *account) search(body string) page {
	a.t.Helper()
	var p page
	a.do("POST", "/crm/objects/2026-09/contacts/search", body).want(a.t, 200, &p)
	return p
}

func TestSearchFilters(t *testing.T) {
	a := open(t, hubspottest.Options{})
	ids := a.make(4)
	for i, props := range []map[string]string{{"city": "Köln", "num_notes": "9"}, {"city": "Bonn", "num_notes": "10"}, {"lifecyclestage": "customer"}} {
		a.clock.Advance(time.Second)
		if err := a.Set("contacts", props, ids[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		filter string
		want   []int
	}{
		{`{"propertyName":"email","operator":"EQ","value":"P2@ACME.example"}`, []int{2}},
		{`{"propertyName":"email","operator":"IN","values":["p1@acme.example","p3@acme.example"]}`, []int{1, 3}},
		{`{"propertyName":"email","operator":"NOT_IN","values":["p1@acme.example"]}`, []int{0, 2, 3}},
		{`{"propertyName":"city","operator":"NEQ","value":"Bonn"}`, []int{0, 2, 3}},
		{`{"propertyName":"city","operator":"HAS_PROPERTY"}`, []int{0, 1}},
		{`{"propertyName":"city","operator":"NOT_HAS_PROPERTY"}`, []int{2, 3}},
		{`{"propertyName":"num_notes","operator":"GT","value":"9"}`, []int{1}},
		{`{"propertyName":"num_notes","operator":"BETWEEN","value":"1","highValue":"9.5"}`, []int{0}},
		{`{"propertyName":"email","operator":"CONTAINS_TOKEN","value":"*acme*"}`, []int{0, 1, 2, 3}},
		{`{"propertyName":"email","operator":"CONTAINS_TOKEN","value":"p1"}`, []int{1}},
		{`{"propertyName":"email","operator":"NOT_CONTAINS_TOKEN","value":"p1"}`, []int{0, 2, 3}},
		{`{"propertyName":"lifecyclestage","operator":"EQ","value":"customer"}`, []int{2}},
		{`{"propertyName":"lastmodifieddate","operator":"GTE","value":"2026-11-22T09:00:02.123Z"}`, []int{1, 2}},
		{`{"propertyName":"lastmodifieddate","operator":"GT","value":"2026-11-22T09:00:02.123Z"}`, []int{2}},
		{`{"propertyName":"lastmodifieddate","operator":"LT","value":"2026-11-22T09:00:01.123Z"}`, []int{3}},
		{`{"propertyName":"hs_object_id","operator":"LTE","value":"` + ids[1] + `"}`, []int{0, 1}},
	} {
		p := a.search(`{"filterGroups":[{"filters":[` + tc.filter + `]}],"sorts":["hs_object_id"],"limit":100}`)
		var want []string
		for _, i := range tc.want {
			want = append(want, ids[i])
		}
		if !slices.Equal(p.ids(), want) || p.Total != len(want) {
			t.Errorf("%s: got %v of %d, want %v", tc.filter, p.ids(), p.Total, want)
		}
	}
	two := a.search(`{"filterGroups":[{"filters":[{"propertyName":"city","operator":"EQ","value":"Bonn"}]},{"filters":[{"propertyName":"city","operator":"EQ","value":"Köln"}]}],
		"sorts":[{"propertyName":"city","direction":"ASCENDING"}],"limit":"1","properties":["city","fax"]}`)
	if two.Total != 2 || two.Results[0].get("city") != "Bonn" || two.Paging.Next.After != "1" {
		t.Errorf("two groups: got %+v, want Bonn of two and a next page", two)
	}
	if p := a.search(`{"query":"p3@ACME"}`); !slices.Equal(p.ids(), ids[3:]) {
		t.Errorf("query: got %v, want %v", p.ids(), ids[3:])
	}
}

func TestSearchRefusals(t *testing.T) {
	a := open(t, hubspottest.Options{})
	group := `{"filters":[{"propertyName":"city","operator":"HAS_PROPERTY"}]}`
	for _, tc := range []struct {
		body string
		code int
	}{
		{`{"limit":201}`, 400},
		{`{"after":"9900","limit":101}`, 400},
		{`{"after":"9900","limit":100}`, 200},
		{`{"filterGroups":[` + group + `,` + group + `,` + group + `,` + group + `,` + group + `,` + group + `,` + group + `]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"bogus","operator":"EQ","value":"1"}]}]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"city","operator":"LIKE","value":"1"}]}]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"city","operator":"EQ"}]}]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"city","operator":"IN"}]}]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"BETWEEN","value":"1"}]}]}`, 400},
		{`{"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"GTE","value":"0"}]}]}`, 500},
		{`{"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"GTE","value":"1"}]}]}`, 200},
		{`{"sorts":[{"propertyName":"bogus"}]}`, 400},
	} {
		a.do("POST", "/crm/v3/objects/contacts/search", tc.body).want(t, tc.code, nil)
	}
}

// TestSearchAgreesWithAScan compares the paths that use the index with what a scan of all objects finds.
func TestSearchAgreesWithAScan(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a := open(t, hubspottest.Options{})
		ids := a.make(rapid.IntRange(1, 30).Draw(rt, "n"))
		for range rapid.IntRange(0, 20).Draw(rt, "edits") {
			a.clock.Advance(time.Duration(rapid.IntRange(0, 2).Draw(rt, "ms")) * time.Millisecond)
			if err := a.Touch("contacts", rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, 3, rapid.ID).Draw(rt, "who")[0]); err != nil {
				rt.Fatal(err)
			}
		}
		lo := start.UnixMilli() + int64(rapid.IntRange(-1, 20).Draw(rt, "lo"))
		hi := lo + int64(rapid.IntRange(0, 5).Draw(rt, "hi"))
		after := rapid.SampledFrom(ids).Draw(rt, "after")
		down := rapid.Bool().Draw(rt, "down")
		direction := "ASCENDING"
		if down {
			direction = "DESCENDING"
		}
		filters := fmt.Sprintf(`{"propertyName":"lastmodifieddate","operator":"BETWEEN","value":"%d","highValue":"%d"}`, lo, hi)
		if rapid.Bool().Draw(rt, "with id") {
			filters += fmt.Sprintf(`,{"propertyName":"hs_object_id","operator":"GT","value":%q}`, after)
		} else {
			after = "0"
		}
		sort := rapid.SampledFrom([]string{"lastmodifieddate", "hs_object_id"}).Draw(rt, "sort")
		var want []hubspottest.Object
		for _, o := range a.Objects("contacts") {
			if ms := o.Updated.UnixMilli(); ms >= lo && ms <= hi && o.ID > after {
				want = append(want, o)
			}
		}
		slices.SortStableFunc(want, func(x, y hubspottest.Object) int {
			if c := x.Updated.Compare(y.Updated); c != 0 && sort == "lastmodifieddate" {
				return c
			}
			return len(x.ID) - len(y.ID) + 2*slices.Compare([]byte(x.ID), []byte(y.ID))
		})
		if down {
			slices.Reverse(want)
		}
		var got []string
		for from := "0"; from != ""; {
			p := a.search(fmt.Sprintf(`{"filterGroups":[{"filters":[%s]}],"sorts":[{"propertyName":%q,"direction":%q}],"limit":3,"after":%q}`, filters, sort, direction, from))
			if p.Total != len(want) {
				rt.Fatalf("total: got %d, want %d", p.Total, len(want))
			}
			got = append(got, p.ids()...)
			from = p.Paging.Next.After
		}
		var ordered []string
		for _, o := range want {
			ordered = append(ordered, o.ID)
		}
		if !slices.Equal(got, ordered) {
			rt.Fatalf("got %v, want %v", got, ordered)
		}
	})
}

func TestSearchWindowEndsAtTenThousand(t *testing.T) {
	a := open(t, hubspottest.Options{})
	a.Seed(sandbox.Generate(3, 10_050))
	p := a.search(`{"limit":200,"after":"9800"}`)
	if p.Total != 10_050 || len(p.Results) != 200 || p.Paging.Next.After != "10000" {
		t.Errorf("last page of the window: got total %d, %d results, next %q; want 10050, 200, 10000", p.Total, len(p.Results), p.Paging.Next.After)
	}
	a.do("POST", "/crm/v3/objects/contacts/search", `{"limit":200,"after":"10000"}`).want(t, 400, nil)
}

func TestIndexLags(t *testing.T) {
	a := open(t, hubspottest.Options{IndexLag: time.Minute})
	ids := a.make(2)
	const all = `{"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"GTE","value":"1"}]}],"properties":["city"]}`
	if p := a.search(all); p.Total != 0 {
		t.Errorf("at once: got %d, want none", p.Total)
	}
	a.clock.Advance(time.Minute)
	if p := a.search(all); p.Total != 2 {
		t.Errorf("after the lag: got %d, want 2", p.Total)
	}
	if err := a.Set("contacts", map[string]string{"city": "Rome"}, ids[0]); err != nil {
		t.Fatal(err)
	}
	if p := a.search(all); p.Results[0].get("city") != "" || p.Results[0].UpdatedAt != "2026-11-22T09:00:00.123Z" {
		t.Errorf("before the lag: got %+v, want the old values", p.Results[0])
	}
	if err := a.Archive("contacts", ids[1]); err != nil {
		t.Fatal(err)
	}
	if p := a.search(all); p.Total != 1 {
		t.Errorf("archived: got %d in search, want it gone at once", p.Total)
	}
	early := a.company("archived before the lag is over")
	if err := a.Archive("companies", early); err != nil {
		t.Fatal(err)
	}
	a.Reindex()
	var gone page
	a.do("POST", "/crm/v3/objects/companies/search", `{}`).want(t, 200, &gone)
	if gone.Total != 0 {
		t.Errorf("archived before it was indexed: got %d in search, want none", gone.Total)
	}
	if p := a.search(all); p.Total != 1 || p.Results[0].get("city") != "Rome" {
		t.Errorf("reindexed: got %+v, want Rome", p.Results)
	}
}

func TestJitterShowsChangesOutOfOrder(t *testing.T) {
	a := open(t, hubspottest.Options{IndexLag: time.Second, IndexJitter: 10 * time.Second})
	ids := a.make(30)
	var seen []string
	for range 12 {
		a.clock.Advance(time.Second)
		for _, id := range a.search(`{"limit":200}`).ids() {
			if !slices.Contains(seen, id) {
				seen = append(seen, id)
			}
		}
	}
	if len(seen) != len(ids) || slices.IsSorted(seen) {
		t.Errorf("got %d of %d rows in the order they were made, want all of them in another", len(seen), len(ids))
	}
}

func TestTiesShareOneMillisecond(t *testing.T) {
	a := open(t, hubspottest.Options{})
	ids := a.make(250)
	a.clock.Advance(time.Hour)
	if err := a.Touch("contacts", ids...); err != nil {
		t.Fatal(err)
	}
	ms := strconv.FormatInt(start.Add(time.Hour).UnixMilli(), 10)
	var got []string
	for last := "0"; ; {
		p := a.search(`{"limit":100,"sorts":[{"propertyName":"hs_object_id","direction":"ASCENDING"}],"filterGroups":[{"filters":[{"propertyName":"lastmodifieddate","operator":"EQ","value":"` +
			ms + `"},{"propertyName":"hs_object_id","operator":"GT","value":"` + last + `"}]}]}`)
		if len(p.Results) == 0 {
			break
		}
		got = append(got, p.ids()...)
		last = got[len(got)-1]
	}
	if !slices.Equal(got, ids) {
		t.Errorf("got %d rows by id within the instant, want %d", len(got), len(ids))
	}
}
