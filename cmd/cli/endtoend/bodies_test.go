package endtoend

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/sandbox"
)

// contactList matches the listing of contacts.
var contactList = sandbox.Match{Method: http.MethodGet, Path: "/objects/[^/]*/contacts$"}

// TestTruncatedPage: a page that breaks off is read again as a whole; nothing of it is believed.
func TestTruncatedPage(t *testing.T) {
	v := start(t)
	ids := v.people(250)
	v.ok(v.faults.Add(sandbox.Fault{Match: contactList, Kind: sandbox.Truncate, Skip: 1, Times: 1}))
	s := v.backfill()
	if s.Items.Created != int64(len(ids)) || s.Items.Closed != 0 || s.Records.Dead != 0 {
		t.Errorf("got %+v, want %d new items", s, len(ids))
	}
	v.audit()
	if left := v.faults.Faults(); len(left) != 0 {
		t.Errorf("the fault was not met: %v", left)
	}
}

// TestTruncatedAnswerOfAsana: a creation whose answer breaks off is not made again.
func TestTruncatedAnswerOfAsana(t *testing.T) {
	v := start(t)
	v.people(30)
	v.ok(v.asFaults.Add(sandbox.Fault{Match: sandbox.Match{Method: http.MethodPost, Path: "/(tasks|batch)$"}, Kind: sandbox.Truncate, Times: 2}))
	v.backfill()
	v.audit()
}

// TestWebPageInsteadOfJSON: a login page with status 200 is no empty list. The message says what to look at, nothing is
// closed, and when HubSpot answers again nothing is missing.
func TestWebPageInsteadOfJSON(t *testing.T) {
	v := start(t)
	v.people(30)
	v.backfill()
	v.ok(v.faults.Add(sandbox.Fault{Kind: sandbox.HTML}))
	v.later()
	o := v.millrace("backfill", "--give-up", "1500ms")
	v.says(o, 3, "gave up after 1.5s", "hubspot", "answer is text/html where JSON is expected; check base_url and whether a proxy or a login page answers")
	v.says(v.millrace("status"), 0, "hubspot/contacts", "answer is text/html")
	v.faults.Clear()
	v.person("Late")
	if s := v.backfill(); s.Items.Closed != 0 || s.Items.Created != 1 {
		t.Errorf("got %+v, want one new item and none closed", s.Items)
	}
	v.audit()
}

// replacing changes a piece of every answer of HubSpot.
func (v *vendors) replacing(old, now string) {
	v.tampering.with(func(_ *http.Request, body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(old), []byte(now))
	})
}

// TestNumberWhereTextStood: the record is applied, only the field claims nothing.
func TestNumberWhereTextStood(t *testing.T) {
	v := start(t)
	ids := v.people(3)
	v.replacing(`"firstname":"P001"`, `"firstname":4711`)
	if s := v.backfill(); s.Records.Dead != 0 || s.Items.Created != 3 {
		t.Errorf("got %+v, want 3 new items and no dead letter", s)
	}
	for i, want := range []string{"P000 Novak", "Novak", "P002 Novak"} {
		if got := v.card("contacts", ids[i]).Name; got != want {
			t.Errorf("card %d is called %q, want %q", i, got, want)
		}
	}
	v.audit()
}

// TestRecordBeyondUse: a record that cannot be read becomes a dead letter that names it; its neighbours pass. It can be
// replayed, and goes when the vendor sends something better.
func TestRecordBeyondUse(t *testing.T) {
	deep := strings.Repeat("[", 300) + strings.Repeat("]", 300)
	v := start(t)
	ids := v.people(3)
	v.replacing(`"firstname":"P001"`, `"firstname":`+deep)
	v.says(v.millrace("backfill", "--give-up", "20s"), 0, "Some records or items need a person: millrace dead list")
	list := v.millrace("dead", "list")
	v.says(list, 0, "record:hubspot/contacts/"+ids[1], "map hubspot/contacts/"+ids[1]+": the record is nested more than 200 deep")
	if n := strings.Count(list.out, "map hubspot"); n != 1 {
		t.Errorf("the cause says %d times what was done, want once:\n%s", n, list.out)
	}
	v.card("contacts", ids[0])
	v.card("contacts", ids[2])
	if got := len(v.cards("contacts", ids[1])); got != 0 {
		t.Errorf("the broken record has %d cards, want none", got)
	}
	v.says(v.millrace("dead", "replay", "record:hubspot/contacts/"+ids[1]), 1, "it failed again")

	v.tampering.with(nil)
	v.later()
	v.ok(v.hubspot.Touch("contacts", ids[1]))
	v.later()
	v.backfill()
	v.audit()
	if dead := v.status().Dead; dead != 0 {
		t.Errorf("%d dead letters are left, want 0", dead)
	}
}

// TestRecordWithoutStamp: an object that does not say when it changed cannot be put in order, so its page is not
// believed. The message names the object, and when HubSpot is well again nothing is missing.
func TestRecordWithoutStamp(t *testing.T) {
	v := start(t)
	ids := v.people(3)
	v.tampering.with(func(_ *http.Request, body []byte) []byte {
		return bytes.Replace(body, []byte(`"updatedAt"`), []byte(`"updated_at"`), 1)
	})
	v.says(v.millrace("backfill", "--give-up", "1s"), 3, "hubspot", "object "+ids[0]+" in the answer has no updatedAt that can be read", "contacts")
	v.tampering.with(nil)
	v.backfill()
	v.audit()
}

// TestHugeRecord: a property of 40 MB is refused with the size and the reference, its neighbours are not affected, and
// nothing of it stays in memory.
func TestHugeRecord(t *testing.T) {
	const size = 40 << 20
	v := start(t)
	ids := v.people(3)
	before := heap()
	v.replacing(`"firstname":"P001"`, `"firstname":"`+strings.Repeat("x", size)+`"`)
	v.says(v.millrace("backfill", "--give-up", "60s"), 0, "millrace dead list")
	v.tampering.with(nil)
	list := v.millrace("dead", "list")
	v.says(list, 0, "record:hubspot/contacts/"+ids[1], "the record has 4194", "bytes; at most 8388608 are mapped")
	if len(list.out) > 1000 {
		t.Errorf("the list is %d bytes, want a line", len(list.out))
	}
	v.card("contacts", ids[0])
	v.card("contacts", ids[2])
	if grown := heap() - before; grown > size/2 {
		t.Errorf("%d bytes stay in memory, want far less than the record", grown)
	}
	v.later()
	v.ok(v.hubspot.Set("contacts", map[string]string{"firstname": "Short"}, ids[1]))
	v.later()
	v.backfill()
	v.audit()
}

// TestHugePage: an answer beyond what is read at all is refused with the bound, and says what it was about.
func TestHugePage(t *testing.T) {
	v := start(t)
	v.people(3)
	v.replacing(`"firstname":"P001"`, `"firstname":"`+strings.Repeat("x", 65<<20)+`"`)
	v.says(v.millrace("backfill", "--give-up", "60s"), 3, "contacts", "answer is too large", fmt.Sprint(64<<20))
	v.tampering.with(nil)
	v.backfill()
	v.audit()
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
