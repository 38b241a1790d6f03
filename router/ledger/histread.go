package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
)

// Stay is a time for which a record said one thing; see work.Stay.
type Stay = work.Stay

// History returns what the records of an entity said over time of the fields that figures are made of: of a deal stage,
// pipeline, status, amount, probability, owner and closed_at, of a ticket stage, pipeline, status, assignee, team and
// priority, of people and organizations lifecycle.stage, lead.status and owner. Deleted records are among them. Stays are ordered by From, then
// Ref and Field; equal ones that follow each other are one. An alias is followed; there is none for an unknown id.
func (s *Snap) History(id string) ([]Stay, error) {
	list, err := s.historyOf(id)
	slices.SortStableFunc(list, func(a, b Stay) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Ref, b.Ref), strings.Compare(a.Field, b.Field))
	})
	return list, err
}

// historyOf gathers the stays of all members, in no order.
func (s *Snap) historyOf(id string) (list []Stay, err error) {
	if e := s.ents[id]; e != nil { // read already, with its profiles
		return s.historyAtHand(e)
	}
	current, err := s.Current(id)
	if err != nil || current == "" {
		return nil, err
	}
	n, err := readEntity(s.r, s.l, current)
	if err != nil || n == nil {
		return nil, err
	}
	for _, key := range n.members {
		if list, err = s.stays(list, key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (s *Snap) historyAtHand(e *work.Entity) ([]Stay, error) {
	list := make([]Stay, 0, 3*len(e.Golden.Sources))
	for i := range e.Golden.Sources {
		src := &e.Golden.Sources[i]
		key, err := keyOfText(src.Ref)
		if err != nil {
			return nil, err
		}
		if src.Live && !s.hasPast(key) {
			list = appendStays(list, presentOf(src), src.Ref, false)
		} else if list, err = s.stays(list, key); err != nil {
			return nil, err
		}
	}
	return list, s.r.Err()
}

// hasPast reports whether a record has rows of history; most have none.
func (s *Snap) hasPast(key recKey) bool {
	for range s.r.Scan(bHist, s.l.under(string(key)), nil) {
		return true
	}
	return false
}

// presentOf is points for a live record without rows, whose profile is at hand.
func presentOf(src *identity.Source) []point {
	now := saidBy(src.Profile)
	list := appendSaid(make([]point, 0, len(now.claims)+len(now.moments)), src.Version, now.claims)
	return appendTimes(list, now.moments)
}

// point is one thing known of a field: what it was at a time.
type point struct {
	field byte
	at    time.Time
	told  bool // by a moment, which is when it began; else it was seen at that time
	value string
}

// stays appends what one record said.
func (s *Snap) stays(list []Stay, key recKey) ([]Stay, error) {
	m, err := s.meta(key)
	if err != nil {
		return nil, err
	}
	points, err := s.points(key, m)
	if err != nil {
		return nil, err
	}
	return appendStays(list, points, key.String(), m.deleted != connectors.NotDeleted && m.deleted != connectors.Merged), nil
}

// appendStays makes stays of what is known of a record; equal points that follow each other are one.
func appendStays(list []Stay, points []point, ref string, lapsed bool) []Stay {
	slices.SortFunc(points, comparePoints)
	stay := Stay{Ref: ref, Lapsed: lapsed}
	for i, p := range points {
		last := i > 0 && points[i-1].field == p.field
		if last && points[i-1].value == p.value {
			continue
		}
		if last && points[i-1].value != "" {
			list[len(list)-1].Until = p.at
		}
		if p.value != "" {
			stay.Field, stay.Value, stay.From = histFields[p.field], p.value, p.at
			list = append(list, stay)
		}
	}
	return list
}

// comparePoints orders by field and time; a moment comes before what was seen at the same time.
func comparePoints(a, b point) int {
	c := cmp.Or(cmp.Compare(a.field, b.field), a.at.Compare(b.at))
	if c == 0 && a.told != b.told {
		if a.told {
			return -1
		}
		return 1
	}
	return cmp.Or(c, strings.Compare(a.value, b.value))
}

// points gathers everything known of one record: its rows, and what its content register says now.
func (s *Snap) points(key recKey, m *meta) ([]point, error) {
	now, err := s.saidNow(key, m)
	if err != nil {
		return nil, err
	}
	var list []point
	err = eachPast(s.r, s.l, key, func(name, row []byte) error {
		if len(name) == 0 {
			return errShort
		}
		if string(name[:1]) == histMoment {
			list, err = appendTold(list, name)
			return err
		}
		at, claims, err := decodeSaid(row)
		if err != nil {
			return err
		}
		if at.version, err = readTime(name[1:]); err != nil {
			return err
		}
		if at.version.Equal(m.content.version) && len(now.claims) > 0 && m.content.after(at) {
			return nil // of one time the greatest stamp counts
		}
		if at == m.content { // what other rules made of the same content
			claims = merged(slices.Clip(now.claims), claims)[len(now.claims):]
		}
		list = appendSaid(list, at.version, claims)
		return nil
	})
	list = appendSaid(list, m.content.version, now.claims)
	return appendTimes(list, now.moments), err
}

// saidNow returns what the content register says.
func (s *Snap) saidNow(key recKey, m *meta) (said, error) {
	if _, ok := histOf[m.kind]; !ok || m.content.isZero() {
		return said{}, nil
	}
	b, err := s.body(key)
	if err != nil {
		return said{}, err
	}
	p, err := b.decodeProfile(key)
	return saidBy(&p), err
}

func appendSaid(list []point, at time.Time, claims []claim) []point {
	for _, c := range claims {
		if int(c.field) < len(histFields) { // else of a later Millrace
			list = append(list, point{field: c.field, at: at, value: strings.Clone(c.value)})
		}
	}
	return list
}

func appendTimes(list []point, moments []moment) []point {
	for _, o := range moments {
		list = append(list, point{o.field, o.at, true, o.value})
	}
	return list
}

func appendTold(list []point, name []byte) ([]point, error) {
	if len(name) < 2+timeBytes {
		return nil, errShort
	}
	at, err := readTime(name[2:])
	if int(name[1]) >= len(histFields) {
		return list, err
	}
	return append(list, point{name[1], at, true, string(name[2+timeBytes:])}), err
}
