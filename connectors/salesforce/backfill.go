package salesforce

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The ways to read an object the first time, as the setting `backfill` names them.
const (
	backfillAuto = "auto"
	backfillBulk = "bulk"
	backfillREST = "rest"
)

// bulkFrom is from how many rows on a Bulk job is the better way: below, reading by REST takes about as many calls, and
// a job may wait long behind others (airbyte #17148: 400 rows InProgress for ever).
const bulkFrom = 20_000

// way is how an object is read the first time, and about what that costs.
type way struct {
	bulk  bool
	rows  int64 // -1 = not known
	calls int64
	why   string
}

// way decides. Only with `auto` it has to know how many rows there are, which is a call.
func (a *account) way(ctx context.Context, o object, l *layout) (way, error) {
	if a.backfill == backfillAuto && len(o.children) == 0 {
		rows, err := a.count(ctx, o)
		if connectors.KindOf(err) == connectors.Temporary || connectors.KindOf(err) == connectors.Limited {
			return way{}, err
		}
		if err != nil {
			return a.wayFor(o, l, -1), nil // the user may not ask; the way that always works is taken
		}
		return a.wayFor(o, l, rows), nil
	}
	return a.wayFor(o, l, -1), nil
}

// wayFor is the decision for a number of rows, -1 when it is not known.
func (a *account) wayFor(o object, l *layout, rows int64) way {
	w := way{rows: rows}
	switch {
	case len(o.children) > 0:
		w.why = "a Bulk job cannot read what belongs to each row"
	case a.backfill == backfillREST:
		w.why = "backfill is " + backfillREST
	case a.backfill == backfillBulk:
		w.bulk, w.why = true, "backfill is "+backfillBulk
	case rows < 0:
		w.why = "the user may not ask how many rows there are"
	case rows < bulkFrom:
		w.why = "a Bulk job pays from " + grouped(bulkFrom) + " rows on"
	default:
		w.bulk, w.why = true, "many rows"
	}
	if rows < 0 {
		return w
	}
	if w.bulk {
		w.calls = 4 + pages(rows, int64(a.bulkRows)) // describe, the job, and asking for it twice
	} else {
		w.calls = 1 + pages(rows, pageRows)
		if l != nil && l.wide {
			w.calls = 1 + 2*pages(rows, pageRows)
		}
	}
	return w
}

func pages(rows, size int64) int64 { return max(1, (rows+size-1)/size) }

// String says it as `millrace check` shows it.
func (w way) String() string {
	by := "REST"
	if w.bulk {
		by = "Bulk"
	}
	if w.rows < 0 {
		return "by " + by + " (" + w.why + ")"
	}
	return fmt.Sprintf("%s rows by %s, about %d calls (%s)", grouped(w.rows), by, w.calls, w.why)
}

// grouped writes a number with commas.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Count implements connectors.Counter: by the vendor's own count where that is for all rows of the object and the user
// may see it, else by a query.
func (a *account) Count(ctx context.Context, stream string) (int64, error) {
	if stream == stagesStream || stream == statusStream {
		return 1, nil
	}
	o, ok := a.object(stream)
	if !ok {
		if stream == rolesStream && a.reads(stream) {
			return 0, nil // only changes are read
		}
		return 0, a.noSuch(stream, false)
	}
	return a.count(ctx, o)
}

func (a *account) count(ctx context.Context, o object) (int64, error) {
	if o.where == "" {
		counts, err := a.counts(ctx)
		if n, ok := counts[o.sobject]; ok && err == nil {
			return n, nil
		}
		if kind := connectors.KindOf(err); kind == connectors.Temporary || kind == connectors.Limited {
			return 0, err
		}
	}
	op := "count " + o.name
	n, err := a.get(ctx, op, a.path("query"), query("q", soql{fields: []string{"COUNT()"}, from: o.sobject, where: []string{o.where}}.String()))
	if err != nil {
		return 0, err
	}
	if total := n.body.Get("totalSize"); total.Exists() && total.Int() >= 0 {
		return total.Int(), nil
	}
	return 0, broken(op, "answer has no total")
}

// numbers remembers the numbers of rows for a while: asking for all objects is one call, and a start asks for each.
type numbers struct {
	mu   sync.Mutex
	last map[string]int64
	at   time.Time
}

func (n *numbers) get(now time.Time) map[string]int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.at).Abs() >= numbersAge {
		return nil
	}
	return n.last
}

func (n *numbers) put(counts map[string]int64, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last, n.at = counts, now
}

// numbersAge is how old they may be. They are approximate anyway.
const numbersAge = time.Minute

// counts asks for the vendor's own, approximate numbers of rows of all objects that are read. It needs the permission View
// Setup and Configuration.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_record_count.htm
func (a *account) counts(ctx context.Context) (map[string]int64, error) {
	if known := a.numbers.get(a.now()); known != nil {
		return known, nil
	}
	var names []string
	for _, o := range a.objects {
		names = append(names, o.sobject)
	}
	slices.Sort(names)
	n, err := a.get(ctx, "count rows", a.path("limits/recordCount"), query("sObjects", strings.Join(slices.Compact(names), ",")))
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, one := range n.body.Get("sObjects").Array() {
		counts[one.Get("name").String()] = one.Get("count").Int()
	}
	a.numbers.put(counts, a.now())
	return counts, nil
}
