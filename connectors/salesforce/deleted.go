package salesforce

import (
	"context"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// A deleted row stays visible to queryAll until it is purged from the recycle bin; objects without one (campaign
// members) lose it at once. The vendor's log of deletions knows both, for some days. Rows that are still there are left
// to polling, which says more of them: a merge, for one.
// https://developer.salesforce.com/docs/platform/api-rest/guide/resources-getdeleted.html

const (
	// buryEvery is how often the log is asked: each question is a call of the organization's day.
	buryEvery = time.Hour
	// buryKept is how long the vendor keeps its log at the most, with a day to spare.
	buryKept = 14 * 24 * time.Hour
	// burySpan is the longest span asked for at once.
	burySpan = 24 * time.Hour
	// buryLeast is the shortest: the vendor drops seconds, and start must be more than a minute before end.
	buryLeast = 2 * time.Minute
)

// toBury returns the span of the log that is due, nil when none is. The log does not say of which kind a task was; tasks
// that are purged are found by the sweep.
func (a *account) toBury(o object, c cursor, l *layout, now time.Time) *window {
	from := c.Dead
	if from == 0 { // after a rewind: what is older is found by the sweep
		from = max(min(c.Live, now.UnixMilli()), now.Add(-buryKept).UnixMilli())
	}
	if !l.replicated || o.where != "" || now.UnixMilli()-from < buryEvery.Milliseconds() {
		return nil
	}
	return &window{From: from, To: min(now.UnixMilli(), from+burySpan.Milliseconds())}
}

// deleted reads a page of the log. A log that no longer reaches back to where we were is a hole: the stream is set back
// and read again, and what was purged meanwhile is found by the next sweep (invariant 8).
func (a *account) deleted(ctx context.Context, o object, c cursor) (connectors.Page, error) {
	op := "read deletions of " + o.name
	log, err := a.askDeleted(ctx, op, o, *c.Gone)
	if connectors.CursorExpired(err) && c.Dead == 0 || connectors.KindOf(err) == connectors.Rejected {
		// The hole is recorded already, or the object has no log although describe says so: the sweep finds what is missing.
		c.Dead, c.Gone = c.Gone.To, nil
		return connectors.Page{Next: c.String(), Complete: a.completeTo(c.Live)}, nil
	}
	if err != nil {
		return connectors.Page{}, err
	}
	if c.Dead != 0 && (log.earliest.UnixMilli() > c.Gone.From || log.date.UnixMilli()-c.Gone.From > buryKept.Milliseconds()) {
		return connectors.Page{}, expired(op, "the log of deletions reaches back to "+log.earliest.Format(time.RFC3339)+" only, and was last read up to "+
			time.UnixMilli(c.Gone.From).UTC().Format(time.RFC3339))
	}
	ids := log.behind(c.Gone.ID)
	most := 2 * idsAtOnce(0)
	more := len(ids) > most
	ids = ids[:min(len(ids), most)]
	records, err := a.purged(ctx, op, o, ids, log)
	if err != nil {
		return connectors.Page{}, err
	}
	page := connectors.Page{Records: records, More: true}
	if more {
		w := *c.Gone
		w.ID = ids[len(ids)-1]
		c.Gone = &w
	} else {
		c.Dead = max(c.Gone.From+buryLeast.Milliseconds(), min(log.latest.UnixMilli(), c.Gone.To))
		c.Gone = nil
		if l := a.layouts.get(o.sobject); l != nil {
			c.Gone = a.toBury(o, c, l, log.date)
		}
		page.More, page.Complete = c.Gone != nil, a.completeTo(c.Live)
	}
	page.Next = c.String()
	return page, nil
}

// log is what was deleted in a span of time.
type log struct {
	at               map[string]time.Time
	ids              []string // sorted
	earliest, latest time.Time
	date             time.Time
}

// behind returns the ids after one.
func (l log) behind(id string) []string {
	i, found := slices.BinarySearch(l.ids, id)
	if found {
		i++
	}
	return l.ids[i:]
}

func (a *account) askDeleted(ctx context.Context, op string, o object, w window) (log, error) {
	const layout = "2006-01-02T15:04:05-07:00"
	from := time.UnixMilli(w.From).UTC().Truncate(time.Minute)
	to := time.UnixMilli(w.To).UTC()
	if to.Sub(from) < buryLeast {
		to = from.Add(buryLeast)
	}
	n, err := a.get(ctx, op, a.path("sobjects/"+o.sobject+"/deleted/"), query("start", from.Format(layout), "end", to.Format(layout)))
	switch codeOf(err) {
	case "EXCEEDED_ID_LIMIT", "INVALID_REPLICATION_DATE":
		return log{}, expired(op, codeOf(err))
	}
	if err != nil {
		return log{}, err
	}
	list := n.body.Get("deletedRecords")
	if !list.IsArray() {
		return log{}, broken(op, "answer has no deletedRecords")
	}
	l := log{at: map[string]time.Time{}, date: n.date}
	if l.latest, err = parseTime(n.body.Get("latestDateCovered").String()); err != nil {
		return log{}, broken(op, "answer does not say up to when it is complete")
	}
	l.earliest, _ = parseTime(n.body.Get("earliestDateAvailable").String())
	for _, raw := range list.Array() {
		if err := l.take(op, raw); err != nil {
			return log{}, err
		}
	}
	slices.Sort(l.ids)
	return l, nil
}

// take notes one deletion. Its time has whole seconds, and a change of the row in the same second came before it.
func (l *log) take(op string, raw gjson.Result) error {
	id := long(raw.Get("id").String())
	at, err := parseTime(raw.Get("deletedDate").String())
	if err != nil || !isID(id) {
		return broken(op, "a deletion in the answer has no id or no time")
	}
	if _, twice := l.at[id]; !twice {
		l.ids = append(l.ids, id)
	}
	l.at[id] = at.Truncate(time.Second).Add(time.Second - time.Millisecond)
	return nil
}

// purged returns the deletion of those rows that queryAll does not show any more.
func (a *account) purged(ctx context.Context, op string, o object, ids []string, log log) ([]connectors.Record, error) {
	var out []connectors.Record
	for part := range slices.Chunk(ids, idsAtOnce(0)) {
		there, err := a.there(ctx, op, o, part)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if !there[id] {
				out = append(out, connectors.Record{Ref: a.ref(o.name, id), Version: log.at[id], Seen: log.date.UTC(),
					Deleted: connectors.Deletion{Kind: connectors.Hard}})
			}
		}
	}
	return out, nil
}

// there returns which of the sorted ids queryAll shows. Of a page that the vendor made smaller the rest is asked for again.
func (a *account) there(ctx context.Context, op string, o object, ids []string) (map[string]bool, error) {
	there := map[string]bool{}
	for len(ids) > 0 {
		n, err := a.queryAll(ctx, op, soql{fields: []string{"Id"}, from: o.sobject, where: []string{oneOf("Id", ids)}, order: "Id"})
		if err != nil {
			return nil, err
		}
		rows := n.body.Get("records")
		list := rows.Array()
		if !rows.IsArray() || !n.body.Get("done").Bool() && len(list) == 0 {
			return nil, broken(op, "answer has not all records")
		}
		for _, r := range list {
			there[long(r.Get("Id").String())] = true
		}
		if n.body.Get("done").Bool() {
			break
		}
		ids = behind(ids, long(list[len(list)-1].Get("Id").String()))
	}
	return there, nil
}
