package ledger

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// reading is what golden records are made of: rows as they are, or as they were before a transaction.
type reading struct {
	l    *Ledger
	r    kv.Reader
	meta func(recKey) (*meta, error)
	body func(recKey) (*body, error)
	some func() (bool, error) // whether anything was ever said of consent
	hash func() (bool, error) // whether an erasure left anything of it
	was  map[string][]byte    // rows of consents that the transaction changed, as they were; nil = as they are
}

func (c *change) reading() *reading {
	if c.is != nil {
		return c.is
	}
	c.is = &reading{l: c.l, r: c.tx, meta: c.metaOf, body: c.bodyOf, some: c.hasConsents, hash: c.hasHashed}
	return c.is
}

func (c *change) readingWas() *reading {
	return &reading{l: c.l, r: c.tx, meta: c.metaWas, body: c.bodyWas, some: c.hasConsents, hash: c.hasHashed, was: c.consentsWas}
}

func (s *Snap) reading() *reading {
	return &reading{l: s.l, r: s.r, meta: s.meta, body: s.body, some: s.hasConsents, hash: s.hasHashed}
}

func (s *Snap) hasConsents() (bool, error) { return s.counted(countConsents) }
func (s *Snap) hasHashed() (bool, error)   { return s.counted(countHashed) }

// counted reports whether a counter is above 0, looked up once.
func (s *Snap) counted(name string) (bool, error) {
	if some, known := s.some[name]; known {
		return some, nil
	}
	n, err := readCount(s.r, s.l, name)
	if s.some == nil {
		s.some = map[string]bool{}
	}
	s.some[name] = n > 0
	return n > 0, err
}

// spokenBy is the row of one record.
type spokenBy struct {
	by recKey
	*consents
}

// consentRows returns the rows of a term, ascending by record. The one of "" lists terms.
func (v *reading) consentRows(t string) ([]spokenBy, error) {
	prefix := v.l.under(t)
	var list []spokenBy
	add := func(key string, row []byte) error {
		r, err := decodeConsents(row)
		list = append(list, spokenBy{recKey(key[len(prefix):]), r})
		return err
	}
	for key, row := range v.r.Scan(bConsent, prefix, nil) {
		if _, changed := v.was[string(key)]; changed {
			continue
		}
		if err := add(string(key), row); err != nil {
			return nil, err
		}
	}
	if len(v.was) == 0 {
		return list, v.r.Err()
	}
	for key, row := range v.was {
		if row == nil || !strings.HasPrefix(key, string(prefix)) {
			continue
		}
		if err := add(key, row); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b spokenBy) int { return compareKeys(a.by, b.by) })
	return list, v.r.Err()
}

// hearing gathers what is said of one customer's consent beside the profiles of its live records.
type hearing struct {
	v       *reading
	members []recKey
	sources []identity.Source
	said    map[recKey][]canonical.Permission
	at      map[recKey]time.Time
	once    map[recKey]bool // the record does not say so any more
}

// hear adds it to the sources of a customer: to the record that said it, whether it is live or not. What a record of
// another customer, or one that is nobody's any more, said of an address is a source of its own that is not live.
func (v *reading) hear(members []recKey, sources []identity.Source) ([]identity.Source, error) {
	h := &hearing{v, members, sources, map[recKey][]canonical.Permission{}, map[recKey]time.Time{}, map[recKey]bool{}}
	terms, err := h.terms()
	if err != nil {
		return nil, err
	}
	for _, t := range sortedKeys(terms) {
		if err := h.about(t, terms[t]); err != nil {
			return nil, err
		}
	}
	for _, by := range slices.Sorted(maps.Keys(h.said)) {
		value, err := permissionsValue(h.said[by])
		if err != nil {
			return nil, err
		}
		if i, member := slices.BinarySearch(members, by); member {
			sources[i].Consents, sources[i].Once = value, h.once[by]
			continue
		}
		sources = append(sources, identity.Source{Ref: by.String(), Version: h.at[by],
			Profile: &canonical.Profile{Kind: canonical.Person}, Consents: value, Once: h.once[by]})
	}
	return sources, nil
}

// onceOf adds addresses that something was said of once, unless they are known.
func onceOf(terms map[string]bool, list []string) {
	for _, t := range list {
		if _, known := terms[t]; !known {
			terms[t] = false
		}
	}
}

// terms returns what the customer is known by: true for what it has now, false for addresses of which its own records said
// something once.
func (h *hearing) terms() (map[string]bool, error) {
	terms := map[string]bool{}
	for i, key := range h.members {
		self := refTerm(key)
		terms[self] = true
		rows, err := h.v.consentRows(self)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			onceOf(terms, row.terms)
		}
		p := h.sources[i].Profile
		if !h.sources[i].Live {
			if p, err = h.v.profile(key); err != nil {
				return nil, err
			}
		}
		if p == nil {
			continue
		}
		for _, space := range []string{identity.EmailSpace, identity.PhoneSpace} {
			for _, t := range addressesOf(p, space) {
				terms[t] = true
			}
		}
	}
	return terms, nil
}

// profile returns what a record says or, when it is deleted, said; nil when that is not known.
func (v *reading) profile(key recKey) (*canonical.Profile, error) {
	m, err := v.meta(key)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil || m.kind == "" || m.content.isZero() {
		return nil, err
	}
	b, err := v.body(key)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := b.decodeProfile(key)
	return &p, err
}

// about adds what counts of the rows of one term.
func (h *hearing) about(t string, has bool) error {
	rows, err := h.v.rowsOf(t)
	if err != nil {
		return err
	}
	for _, row := range rows {
		_, own := slices.BinarySearch(h.members, row.by)
		if !has && !own {
			continue
		}
		now, err := h.v.claims(row.by)
		if err != nil {
			return err
		}
		speaks := false
		if !own && now.kind == canonical.Consent {
			if speaks, err = h.v.speaksOf(&now, t); err != nil {
				return err
			}
		}
		if speaks {
			for _, p := range now.list {
				h.add(row.by, p, now.at)
			}
		}
		for _, s := range row.said {
			if own && now.restricts(&s) { // the profile says so itself
				continue
			}
			stands, err := h.v.stands(t, &s, row.by, rows)
			if err == nil && stands && !has {
				stands, err = h.v.meant(&s, row.by)
			}
			if err != nil {
				return err
			}
			if stands {
				h.add(row.by, s.permission(), s.at)
				h.once[row.by] = h.once[row.by] || !now.restricts(&s)
			}
		}
	}
	return nil
}

// add keeps one of equal claims that a record makes of several addresses.
func (h *hearing) add(by recKey, p canonical.Permission, at time.Time) {
	same := func(o canonical.Permission) bool {
		return o.Channel == p.Channel && o.Status == p.Status && identity.FoldTopic(o.Topic) == identity.FoldTopic(p.Topic)
	}
	if at.After(h.at[by]) {
		h.at[by] = at
	}
	if !slices.ContainsFunc(h.said[by], same) {
		h.said[by] = append(h.said[by], p)
	}
}

func (s *saying) permission() canonical.Permission {
	p := canonical.Permission{Channel: s.channel, Topic: s.topic, Status: statusOf(s.what)}
	if !s.since.IsZero() {
		p.Since = s.since.Format(canonical.TimeLayout)
	}
	return p
}

// rowsOf returns the rows of a term with those that erasures left under its keyed hash.
func (v *reading) rowsOf(t string) ([]spokenBy, error) {
	rows, err := v.consentRows(t)
	if err != nil || len(v.l.barKeys) == 0 {
		return rows, err
	}
	some, err := v.hash()
	if err != nil || !some {
		return rows, err
	}
	m := v.l.newMacs()
	for i := range m.list {
		more, err := v.consentRows(hashTerm + nul + m.name(i, barConsent+t))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// permissionsValue returns the normal form of a list.
func permissionsValue(list []canonical.Permission) ([]byte, error) {
	data, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return canonical.AppendParts(nil, canonical.Permissions, gjson.ParseBytes(data), canonical.Options{})
}
