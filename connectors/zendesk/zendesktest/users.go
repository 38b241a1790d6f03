package zendesktest

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strings"
	"time"
)

func unix(rfc3339 string) int64 {
	at, err := time.Parse(time.RFC3339, rfc3339)
	if err != nil {
		panic(err) // clean let it pass
	}
	return at.Unix()
}

// checkUser is what the vendor says about a user that is written.
func (s *Server) checkUser(t *table, o *row, c *change, p problems, _ actor) error {
	if name, given := c.has(t, "name"); (o == nil && !given) || (given && strings.TrimSpace(plain(name)) == "") {
		p.add("name", "BlankValue", "Name: cannot be blank")
	}
	if role, given := c.has(t, "role"); given && !slices.Contains([]string{"", "end-user", "agent", "admin"}, plain(role)) {
		p.add("role", "InvalidValue", "Role: %s is invalid", plain(role))
	}
	if o == nil {
		if _, given := c.has(t, "role"); !given {
			c.set(t, "role", `"end-user"`)
		}
	}
	s.checkExternal(t, o, c, p)
	if org, given := c.has(t, "organization_id"); given && org != "" && s.table("organizations").alive(parseID(org)) == nil {
		p.add("organization_id", "InvalidValue", "Organization: is invalid")
	}
	s.checkEmail(t, o, c, p)
	return nil
}

// checkEmail refuses addresses that are none or are taken. The address of an existing user becomes a second identity
// instead of replacing the first: only make_primary does that.
func (s *Server) checkEmail(t *table, o *row, c *change, p problems) {
	raw, given := c.has(t, "email")
	if !given || raw == "" {
		return
	}
	address := plain(raw)
	if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
		p.add("email", "", "Email: %s is not properly formatted", address)
		return
	}
	if id, taken := s.emails[normal(address)]; taken && (o == nil || id != o.id) {
		p.add("email", "DuplicateValue", "Email: %s is already being used by another user", address)
	}
	c.set(t, "email", quote(normal(address)))
	if o == nil || t.text(o.cur, "email") == "" {
		return
	}
	c.values = slices.DeleteFunc(c.values, func(x value) bool { return x.slot == t.slot("email") })
	if _, known := s.emails[normal(address)]; !known {
		c.extra["second"] = json.RawMessage(quote(normal(address)))
	}
}

// checkExternal refuses an external_id that another row has, in any case of its letters.
func (s *Server) checkExternal(t *table, o *row, c *change, p problems) {
	raw, given := c.has(t, "external_id")
	if !given || raw == "" {
		return
	}
	if other := t.first("external_id", raw); other != nil && other != o {
		p.add("external_id", "DuplicateValue", "External: %s has already been taken", plain(raw))
	}
}

// afterUser keeps identities and memberships in step.
func (s *Server) afterUser(o *row, before *version, c change, by actor) {
	t := s.table("users")
	address, primary := t.text(o.cur, "email"), true
	if before != nil && t.text(before, "email") == address {
		address = ""
	}
	if second := c.extra["second"]; second != nil {
		address, primary = plain(string(second)), false
	}
	if address != "" {
		s.addIdentity(o, address, primary, by)
	}
	if org := t.number(o.cur, "organization_id"); org != 0 && (before == nil || t.number(before, "organization_id") != org) {
		s.join(o.id, org, by)
	}
}

func (s *Server) addIdentity(user *row, address string, primary bool, by actor) *row {
	t := s.table("identities")
	id := &row{id: s.nextID()}
	c := change{created: user.cur.created}
	c.set(t, "user_id", idJSON(user.id))
	c.set(t, "value", quote(address))
	c.set(t, "verified", s.table("users").text(user.cur, "verified"))
	if primary {
		c.set(t, "primary", "true")
	} else {
		c.created = 0
	}
	s.store(t, id, s.next(nil, c), by)
	s.emails[normal(address)] = user.id
	return id
}

// deleteUser makes a user inactive: the row stays, without its addresses and its external_id (recorded).
func (s *Server) deleteUser(o *row, by actor) {
	s.dropIdentities(o.id)
	for _, m := range s.children(s.table("organization_memberships"), "user_id", o.id) {
		s.table("organization_memberships").drop(m)
	}
	s.alter(s.table("users"), o, by, deleted, map[string]string{"email": "", "external_id": "", "verified": ""})
}

// purgeUser is the deletion for ever of a user who is inactive already: a stub without anything personal remains.
func (s *Server) purgeUser(o *row, by actor) {
	t := s.table("users")
	c := change{}
	for _, name := range []string{"email", "phone", "external_id", "alias", "details", "notes", "signature", "tags", "photo", "organization_id"} {
		c.set(t, name, "")
	}
	c.set(t, "name", `"Permanently Deleted User"`)
	c.set(t, "permanently_deleted", "true")
	v := s.next(o.cur, c)
	v.customs, v.state = nil, purged
	s.store(t, o, v, by)
}

func (s *Server) dropIdentities(user uint64) {
	t := s.table("identities")
	for _, o := range s.children(t, "user_id", user) {
		delete(s.emails, normal(t.text(o.cur, "value")))
		t.drop(o)
	}
}

// children returns the live rows that refer to a parent.
func (s *Server) children(t *table, name string, parent uint64) []*row {
	set := t.by(name, idJSON(parent))
	var out []*row
	for k := range set.Between(0, set.Len(), false) {
		out = append(out, t.rows[k.ID])
	}
	return out
}
