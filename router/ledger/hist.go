package ledger

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Figures are made of some fields over time, and the ratchet of the lifecycle goes by what was ever claimed. So every
// version of a record says something for ever, also one that arrives after a later one. What the content register holds
// is read from there; a row is written when it is replaced, and for a version that comes too late for it. What is known
// is then a set of (record, vendor's time, field, value) and does not depend on the order of arrival (invariant 2). It
// outlives deletion, other rules, other clusters and the log of changes; a deletion for privacy and erasure end it.
//
// A row is one of two: what a version said (mark histSaid, time), and a moment that some version told of (mark
// histMoment, field, time, value): "entered the stage customer on this day". Of the versions of one time that say
// something, the one with the greatest stamp counts.
const (
	histSaid   = "v"
	histMoment = "m"
	histForm   = 1
	// maxMoment keeps keys short; no vendor's stage has such a long name.
	maxMoment = 200
)

// histFields number the fields that histories are kept of. Only ever append.
var histFields = [...]string{1: "stage", 2: "pipeline", 3: "status", 4: "amount", 5: "owner", 6: "assignee",
	7: "lifecycle.stage", 8: "lead.status", 9: "probability"}

// histOf lists the fields of each kind, and the fields with moments of them.
var histOf = map[canonical.Kind]struct {
	fields  []byte
	moments map[string]byte
}{
	canonical.Deal:         {[]byte{1, 2, 3, 4, 5, 9}, map[string]byte{"stage_history": 1}},
	canonical.Ticket:       {[]byte{1, 2, 3, 6}, map[string]byte{"status_history": 3}},
	canonical.Person:       {[]byte{7, 8, 5}, map[string]byte{"lifecycle.entered": 7}},
	canonical.Organization: {[]byte{7, 8, 5}, map[string]byte{"lifecycle.entered": 7}},
}

// said is what a profile says of the fields that histories are kept of.
type said struct {
	claims  []claim
	moments []moment
}

type claim struct {
	field byte
	value string // "" = explicitly empty
}

type moment struct {
	field byte
	at    time.Time
	value string
}

// saidBy reads a profile.
func saidBy(p *canonical.Profile) said {
	var s said
	of, ok := histOf[p.Kind]
	if !ok {
		return s
	}
	for _, field := range of.fields {
		if value := p.Get(histFields[field]); value != nil {
			s.claims = append(s.claims, claim{field, historic(value)})
		}
	}
	for name, field := range of.moments {
		s.moments = appendMoments(s.moments, field, p.Get(name))
	}
	return s
}

// historic returns a value as histories have it: the text of a text, amount and currency of money.
func historic(value []byte) string {
	r := gjson.ParseBytes(value)
	switch {
	case r.IsObject():
		return strings.TrimSpace(r.Get("amount").String() + " " + r.Get("currency").String())
	case r.Type == gjson.Null:
		return ""
	}
	return r.String()
}

// appendMoments reads a map of token → time, or a list of moves.
func appendMoments(list []moment, field byte, value []byte) []moment {
	add := func(value, at string) {
		t, err := time.Parse(time.RFC3339, at)
		if err == nil && value != "" && len(value) <= maxMoment {
			list = append(list, moment{field, plain(t), value})
		}
	}
	gjson.ParseBytes(value).ForEach(func(key, e gjson.Result) bool {
		if e.IsObject() {
			add(e.Get("stage").String(), e.Get("entered_at").String())
		} else {
			add(key.String(), e.String())
		}
		return true
	})
	return list
}

// late reports whether an arrival's content comes too late for the register and still says something of the past: not
// what the register holds for that time already.
func (m *meta) late(a *arrival) bool {
	return len(a.rec.Data) > 0 && a.rec.Deleted.Kind != connectors.Privacy && a.stamp.after(m.forgotten) &&
		m.content.after(a.stamp) && (a.stamp.hash != m.content.hash || !m.content.version.Equal(a.stamp.version))
}

// takeLate keeps what a late arrival says. One that cannot be mapped says nothing: a newer version is known.
func (c *change) takeLate(a *arrival, slot *metaSlot) error {
	if !a.mapped {
		c.l.mapRecord(a)
	}
	if a.err != nil || a.filter != "" {
		return nil
	}
	return c.putPast(a.key, a.stamp, saidBy(a.body.fresh))
}

// keepPast keeps what the content says that is about to be replaced. next is what comes instead, nil when the same was
// said again at a later time.
func (c *change) keepPast(key recKey, slot *metaSlot, at stamp, next *arrival) error {
	if _, ok := histOf[slot.kind]; !ok || slot.content.isZero() {
		return nil
	}
	b, err := c.body(key)
	if err != nil || b.now == nil {
		return err
	}
	p, err := b.now.decodeProfile(key)
	if err != nil {
		return err
	}
	was := saidBy(&p)
	if next != nil {
		now := said{}
		if next.filter == "" {
			now = saidBy(next.body.fresh)
		}
		if !slices.Equal(was.claims, now.claims) || !slices.Equal(was.moments, now.moments) {
			c.recall(key)
		}
		was.moments = slices.DeleteFunc(was.moments, func(m moment) bool { return slices.Contains(now.moments, m) })
		if at == slot.content { // other rules: what they no longer say was said all the same
			was.claims = slices.DeleteFunc(was.claims, func(c claim) bool {
				return slices.ContainsFunc(now.claims, func(o claim) bool { return o.field == c.field })
			})
		}
	}
	return c.putPast(key, slot.content, was)
}

// putPast writes rows for what a version said.
func (c *change) putPast(key recKey, at stamp, s said) error {
	if len(s.claims) > 0 {
		if err := c.putSaid(key, at, s.claims); err != nil {
			return err
		}
	}
	for _, m := range s.moments {
		row := c.l.at(string(key), histMoment+string([]byte{m.field})+string(appendTime(nil, m.at))+m.value)
		old := c.tx.Get(bHist, row)
		if old != nil {
			d := dec{b: old}
			if d.byte(); !at.after(d.stamp()) {
				continue
			}
		}
		e := enc{histForm}
		e.stamp(at)
		if err := c.tx.Put(bHist, row, e); err != nil {
			return err
		}
		if old == nil {
			c.recall(key)
		}
	}
	return nil
}

func (c *change) putSaid(key recKey, at stamp, claims []claim) error {
	row := c.l.at(string(key), histSaid+string(appendTime(nil, at.version)))
	news := true
	if old := c.tx.Get(bHist, row); old != nil {
		was, before, err := decodeSaid(old)
		if err != nil {
			return damaged(bHist, key.String(), err)
		}
		was.version = at.version
		if was.after(at) {
			return nil
		}
		if was == at {
			claims = merged(claims, before)
		}
		if news = !slices.Equal(claims, before); was == at && !news {
			return nil
		}
	}
	if news {
		c.recall(key)
	}
	e := enc{histForm}
	e.time(at.seen)
	e.fixed(at.hash)
	for _, one := range claims {
		e.byte(one.field)
		e.text(one.value)
	}
	return c.tx.Put(bHist, row, e)
}

// merged adds the claims of fields that the first list has none of.
func merged(claims, more []claim) []claim {
	for _, one := range more {
		if !slices.ContainsFunc(claims, func(c claim) bool { return c.field == one.field }) {
			claims = append(claims, one)
		}
	}
	return claims
}

// decodeSaid reads a row; the stamp lacks the version, which is in the key.
func decodeSaid(row []byte) (stamp, []claim, error) {
	d := dec{b: row}
	if d.byte() != histForm {
		d.fail()
	}
	at := stamp{seen: d.time(), hash: d.fixed()}
	var list []claim
	for len(d.b) > 0 {
		list = append(list, claim{d.byte(), d.text()})
	}
	return at, list, d.end()
}

// recall notes that a record says something else of the past now: what is derived from histories may have changed,
// although no golden record did.
func (c *change) recall(key recKey) {
	if c.past == nil {
		c.past = map[recKey]bool{}
	}
	c.past[key] = true
}

// recalled marks the entities of such records, and what shows something of them.
func (c *change) recalled(e *effects) error {
	for key := range c.past {
		slot, err := c.meta(key)
		if err != nil {
			return err
		}
		if slot.meta == nil || slot.entity.isZero() {
			continue
		}
		e.changed[entityID(slot.kind, slot.entity)] = true
		e.around[key] = slot.kind
	}
	return nil
}

// forgetPast removes what versions up to a deletion for privacy said.
func (c *change) forgetPast(key recKey, upTo stamp) error {
	prefix := c.l.under(string(key))
	var gone [][]byte
	for full, row := range c.tx.Scan(bHist, prefix, nil) {
		at, err := stampOfPast(full[len(prefix):], row)
		if err != nil {
			return damaged(bHist, key.String(), err)
		}
		if !at.after(upTo) {
			gone = append(gone, slices.Clone(full))
		}
	}
	return c.deletePast(key, gone)
}

func (c *change) deletePast(key recKey, rows [][]byte) error {
	for _, row := range rows {
		if err := c.tx.Delete(bHist, row); err != nil {
			return err
		}
		c.recall(key)
	}
	return c.tx.Err()
}

// erasePast removes the whole history of a record.
func (c *change) erasePast(key recKey) error {
	var gone [][]byte
	for full := range c.tx.Scan(bHist, c.l.under(string(key)), nil) {
		gone = append(gone, slices.Clone(full))
	}
	return c.deletePast(key, gone)
}

// stampOfPast returns the stamp of a row of either form.
func stampOfPast(name, row []byte) (stamp, error) {
	if len(name) > 0 && string(name[:1]) == histSaid {
		at, _, err := decodeSaid(row)
		if err == nil {
			at.version, err = readTime(name[1:])
		}
		return at, err
	}
	d := dec{b: row}
	if d.byte() != histForm {
		d.fail()
	}
	at := d.stamp()
	return at, d.end()
}

const timeBytes = 12

// appendTime appends a time so that later ones are greater: seconds and nanoseconds, whatever the year.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

func readTime(b []byte) (time.Time, error) {
	if len(b) < timeBytes {
		return time.Time{}, errShort
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)^1<<63), int64(binary.BigEndian.Uint32(b[8:]))).UTC(), nil
}

// eachPast calls fn for every row of a record's history, at most lookMost.
func eachPast(r kv.Reader, l *Ledger, key recKey, fn func(name, row []byte) error) error {
	prefix := l.under(string(key))
	looked := 0
	for full, row := range r.Scan(bHist, prefix, nil) {
		if err := fn(full[len(prefix):], row); err != nil {
			return damaged(bHist, key.String(), err)
		}
		if looked++; looked >= lookMost {
			break
		}
	}
	return r.Err()
}
