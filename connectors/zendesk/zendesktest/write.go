package zendesktest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// change is what a write says, checked column by column.
type change struct {
	values  []value
	customs []custom
	extra   object // keys that are no columns, such as a ticket's comment
	created int64  // from elsewhere, 0 for now
	updated int64
}

// set adds a value of the vendor's own.
func (c *change) set(t *table, name, json string) {
	c.values = slices.DeleteFunc(c.values, func(x value) bool { return x.slot == t.slot(name) })
	c.values = append(c.values, value{t.slot(name), json})
}

// has returns the JSON that the change gives a column, and whether it says anything about it.
func (c *change) has(t *table, name string) (string, bool) {
	for _, x := range c.values {
		if x.slot == t.slot(name) {
			return x.json, true
		}
	}
	return "", false
}

// actor is who makes a change.
type actor struct {
	id  uint64
	via string // the channel that ticket audits name
}

// read checks a request's object against the columns. Trusted input, from Go, may also set what the vendor keeps.
func (s *Server) read(t *table, in object, trusted bool, p problems) change {
	c := change{extra: object{}}
	for name, raw := range in {
		switch name {
		case "user_fields", "organization_fields":
			c.customs = s.readCustoms(s.table(name), raw)
			continue
		case "custom_fields", "fields":
			if t.plural == "tickets" {
				c.customs = append(c.customs, s.readCustomList(raw)...)
				continue
			}
		}
		slot, ok := t.bySlot[name]
		if !ok {
			c.extra[name] = raw
			continue
		}
		col := t.columns[slot]
		if trusted && (name == "created_at" || name == "updated_at") {
			c.moment(name, raw)
			continue
		}
		if col.fixed && (!trusted || col.show != nil) { // what is shown without being stored cannot be written at all
			continue
		}
		stored, err := col.clean(raw)
		if err != nil {
			p.add(name, "InvalidValue", "%s: %v", titleOf(name), err)
			continue
		}
		c.set(t, name, stored)
	}
	return c
}

// moment takes a time of the past for a row that is older than the account.
func (c *change) moment(name string, raw json.RawMessage) {
	at, err := column{kind: when}.clean(raw)
	if err != nil || at == "" {
		return
	}
	seconds := unix(plain(at))
	if name == "created_at" {
		c.created = seconds
		return
	}
	c.updated = seconds
}

// titleOf is how the vendor's sentences name a column.
func titleOf(name string) string {
	name = strings.TrimSuffix(strings.ReplaceAll(name, "_", " "), " id")
	return strings.ToUpper(name[:1]) + name[1:]
}

// readCustoms takes the values of fields that exist; others are ignored, as the vendor does.
func (s *Server) readCustoms(fields *table, raw json.RawMessage) []custom {
	var in object
	_ = json.Unmarshal(raw, &in) // what is no object sets nothing
	var out []custom
	for _, f := range fields.defined {
		if v, ok := in[f.key]; ok {
			out = append(out, custom{f.key, f.clean(v)})
		}
	}
	return out
}

func (s *Server) readCustomList(raw json.RawMessage) []custom {
	var in []struct {
		ID    json.Number     `json:"id"`
		Value json.RawMessage `json:"value"`
	}
	_ = json.Unmarshal(raw, &in)
	var out []custom
	for _, x := range in {
		for _, f := range s.table("ticket_fields").defined {
			if f.key == x.ID.String() {
				out = append(out, custom{f.key, f.clean(x.Value)})
			}
		}
	}
	return out
}

// clean is the stored form of a field's value: dates of users and organizations lose their time of day (recorded).
func (d definition) clean(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return ""
	}
	if day := plain(string(raw)); d.kind == "date" && len(day) > len("2006-01-02") {
		return quote(day[:len("2006-01-02")] + "T00:00:00+00:00")
	}
	return compact(raw)
}

// rule is what a table asks of its rows beyond their columns.
type rule struct {
	// check completes the change or says what is wrong with it; o is nil for a new row.
	check func(s *Server, t *table, o *row, c *change, p problems, by actor) error
	// after does what follows from the stored change; before is nil for a new row.
	after func(s *Server, o *row, before *version, c change, by actor)
}

var rules map[string]rule

func init() {
	rules = map[string]rule{
		"users":                    {(*Server).checkUser, (*Server).afterUser},
		"organizations":            {(*Server).checkOrganization, nil},
		"organization_memberships": {(*Server).checkMembership, (*Server).afterMembership},
		"tickets":                  {(*Server).checkTicket, (*Server).afterTicket},
		"groups":                   {(*Server).checkGroup, nil},
		"user_fields":              {(*Server).checkField, nil},
		"organization_fields":      {(*Server).checkField, nil},
		"ticket_fields":            {(*Server).checkField, nil},
		"ticket_forms":             {(*Server).checkForm, nil},
	}
}

// write creates a row (o is nil) or changes one, and returns it; the caller holds mu.
func (s *Server) write(t *table, o *row, in object, trusted bool, by actor) (*row, error) {
	p := problems{}
	c := s.read(t, in, trusted, p)
	r := rules[t.plural]
	if r.check != nil {
		if err := r.check(s, t, o, &c, p, by); err != nil {
			return nil, err
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	var before *version
	if o == nil {
		o = &row{id: s.idFor(t)}
	} else {
		before = o.cur
	}
	s.store(t, o, s.next(before, c), by)
	if r.after != nil {
		r.after(s, o, before, c, by)
	}
	return o, nil
}

// next is the version that follows before, or a first one.
func (s *Server) next(before *version, c change) *version {
	now := s.now()
	if before == nil {
		before = &version{created: now}
		if c.created != 0 {
			before.created, now = min(c.created, now), min(c.created, now)
		}
	}
	if c.updated != 0 {
		now = c.updated
	}
	v := before.with(c)
	v.updated, v.stamp = now, now
	return v
}

// idFor numbers tickets from 1 and everything else far above.
func (s *Server) idFor(t *table) uint64 {
	if t.plural == "tickets" {
		return uint64(len(t.rows)) + 1
	}
	return s.nextID()
}

// store makes v the present version of a row and tells the webhooks; the caller holds mu.
func (s *Server) store(t *table, o *row, v *version, by actor) {
	before := o.cur
	o.cur = v
	t.rows[o.id] = o
	t.place(o, before)
	if strings.HasSuffix(t.plural, "_fields") {
		t.define()
	}
	s.tell(t, o, before, by)
}

// alter changes columns of the vendor's own accord, without the checks of a request; the caller holds mu.
func (s *Server) alter(t *table, o *row, by actor, state int, set map[string]string) {
	c := change{}
	for name, json := range set {
		c.set(t, name, json)
	}
	v := s.next(o.cur, c)
	v.state = state
	switch {
	case state == live:
		v.deleted = 0
	case v.deleted == 0:
		v.deleted = v.updated
	}
	s.store(t, o, v, by)
}

func idJSON(id uint64) string { return strconv.FormatUint(id, 10) }
