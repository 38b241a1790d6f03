package connectortest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/millrace/millrace/connectors"
)

var targetBasics = []targetCheck{
	{"ShowsTheItem", "", showsTheItem},
	{"UpsertTwiceIsOne", "", upsertTwiceIsOne},
	{"UnchangedIsFree", "", unchangedIsFree},
	{"UpdateShowsTheNewest", "", updateShowsTheNewest},
	{"UpdateWithoutLast", "", updateWithoutLast},
	{"CompleteAndReopen", "", completeAndReopen},
	{"UnknownAssigneeIsNobody", "", unknownAssigneeIsNobody},
	{"LongAndOddText", "", longAndOddText},
	{"ConcurrentFirstUse", "", concurrentFirstUse},
	{"TargetLeavesNoGoroutine", "", targetLeavesNoGoroutine},
}

// showsTheItem: a field that is silently not written is data lost on the way out.
func showsTheItem(t *testing.T, h TargetHarness) {
	target, it := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	checkShows(t, h, link, it)
	if _, sections := h.Projects(t, it.Project); !inOrder(sections, it.Sections) {
		t.Errorf("got the sections %q, want %q in this order", sections, it.Sections)
	}
}

func checkShows(t *testing.T, h TargetHarness, link connectors.Link, it connectors.Item) {
	t.Helper()
	got := one(t, h, it.Key)
	pairs := []struct{ what, got, want string }{
		{"link", string(got.Link), string(link)},
		{"project", got.Project, it.Project}, {"section", got.Section, it.Section}, {"title", got.Title, it.Title},
		{"assignee", got.Assignee, it.Assignee}, {"due", got.Due, it.Due},
	}
	for _, f := range it.Fields {
		pairs = append(pairs, struct{ what, got, want string }{"field " + f.Name, got.Fields[f.Name], f.Value})
	}
	for _, p := range pairs {
		if p.got != p.want {
			t.Errorf("%s: got %q, want %q", p.what, p.got, p.want)
		}
	}
	if !strings.Contains(got.Notes, it.Notes) {
		t.Errorf("notes: got %q, want them to contain %q", got.Notes, it.Notes)
	}
	if got.Completed != it.Completed {
		t.Errorf("completed: got %v, want %v", got.Completed, it.Completed)
	}
}

// inOrder reports whether want is a subsequence of got.
func inOrder(got, want []string) bool {
	for _, s := range got {
		if len(want) > 0 && s == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// upsertTwiceIsOne: the same item written twice is one object, or every restart doubles the project.
func upsertTwiceIsOne(t *testing.T, h TargetHarness) {
	target, it := openTarget(t, h), item(h, 1)
	first := upsert(t, target, connectors.Want{Item: it})
	second := upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: first, Last: &it})
	if first != second {
		t.Errorf("the link changed from %q to %q", first, second)
	}
	checkShows(t, h, first, it)
}

// unchangedIsFree: a write of what is already shown burns quota and overwrites what a person did meanwhile.
func unchangedIsFree(t *testing.T, h TargetHarness) {
	target, it := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	before := writes(h)
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it})
	if n := writes(h) - before; n != 0 {
		t.Errorf("an unchanged item cost %d writes, want 0", n)
	}
}

// changed returns the item with every part different.
func changed(it connectors.Item) connectors.Item {
	it.Section, it.Title, it.Due, it.Assignee = "Won", "Order, changed", "2027-01-31", ""
	it.Notes = "Customer: Example, renamed"
	it.Fields = []connectors.Field{
		{Name: "Amount", Kind: connectors.NumberField, Value: "13000"},
		{Name: "Customer", Kind: connectors.TextField, Value: ""},
		{Name: "Stage", Kind: connectors.EnumField, Value: "Won"},
	}
	return it
}

// updateShowsTheNewest: every part must be changeable, and clearable, or the tool shows yesterday's stage for ever.
func updateShowsTheNewest(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	it := changed(old)
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &old})
	checkShows(t, h, link, it)
	if notes := one(t, h, it.Key).Notes; strings.Contains(notes, old.Notes) {
		t.Errorf("the old notes are still there: %q", notes)
	}
	upsert(t, target, connectors.Want{Item: old, Link: link, Last: &it})
	checkShows(t, h, link, old)
}

// updateWithoutLast: after a lost ledger nobody knows what was last written; the object must still converge.
func updateWithoutLast(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	it := changed(old)
	upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: link})
	checkShows(t, h, link, it)
}

// completeAndReopen: a deal that is won and then reopened must be open work again.
func completeAndReopen(t *testing.T, h TargetHarness) {
	target, open := openTarget(t, h), item(h, 1)
	done := open
	done.Completed = true
	link := upsert(t, target, connectors.Want{Item: done})
	checkShows(t, h, link, done)
	upsert(t, target, connectors.Want{Item: open, Link: link, Last: &done})
	checkShows(t, h, link, open)
	upsert(t, target, connectors.Want{Item: done, Link: link, Last: &open})
	checkShows(t, h, link, done)
}

// unknownAssigneeIsNobody: an owner without a user in the tool must not block the deal.
func unknownAssigneeIsNobody(t *testing.T, h TargetHarness) {
	target, it := openTarget(t, h), item(h, 1)
	it.Assignee = "nobody@unknown.example"
	upsert(t, target, connectors.Want{Item: it})
	if got := one(t, h, it.Key).Assignee; got != "" {
		t.Errorf("assignee: got %q, want nobody", got)
	}
}

// longAndOddText: one title with an emoji or a description too long must not become a dead letter.
func longAndOddText(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	odd := []string{
		"Zażółć gęślą jaźń – 深圳 – עברית – 👩‍👩‍👧 <b>&amp;</b>",
		strings.Repeat("long ", 1000),
		"tab\tand bell\a and nul\x00 and line\nbreak",
		"\u202eright to left\u202c",
		"bad \xff bytes",
		"",
	}
	for i, text := range odd {
		it := item(h, i)
		it.Title, it.Notes = text, strings.Repeat(text+"\n", 300)
		it.Fields[1].Value = text
		link := upsert(t, target, connectors.Want{Item: it})
		upsert(t, target, connectors.Want{Item: it, Link: link})
		one(t, h, it.Key)
	}
	if got := one(t, h, item(h, 0).Key).Title; got != odd[0] {
		t.Errorf("title: got %q, want %q", got, odd[0])
	}
}

// concurrentFirstUse: workers that meet a new project at the same time must not each create it.
func concurrentFirstUse(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	list := items(h, 12)
	var wg sync.WaitGroup
	errs := make([]error, len(list))
	for i, it := range list {
		wg.Go(func() { _, errs[i] = target.Upsert(context.Background(), connectors.Want{Item: it}) })
	}
	wg.Wait()
	for i, it := range list {
		if errs[i] != nil {
			t.Fatalf("upsert %s: %v", it.Key, errs[i])
		}
		one(t, h, it.Key)
	}
	count, sections := h.Projects(t, list[0].Project)
	if count != 1 {
		t.Errorf("got %d projects, want 1", count)
	}
	slices.Sort(sections)
	if distinct := slices.Compact(slices.Clone(sections)); len(distinct) != len(sections) {
		t.Errorf("got the sections %q, want each once", sections)
	}
}

// targetLeavesNoGoroutine: a goroutine without an owner outlives the shutdown and writes behind the ledger's back.
func targetLeavesNoGoroutine(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	noGoroutineLeft(t, h, func() {
		link := upsert(t, target, connectors.Want{Item: item(h, 1)})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, _ = target.Upsert(ctx, connectors.Want{Item: item(h, 2)})
		if err := target.Close(context.Background(), link, connectors.Closing{}); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}
