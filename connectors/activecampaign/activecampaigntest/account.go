package activecampaigntest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Row is an object as tests look at it.
type Row struct {
	ID      string
	Created time.Time
	Updated time.Time // what its stamp says
	fields  *row
}

// Text returns a member as text.
func (r Row) Text(name string) string { return r.fields.text(name) }

// Rows returns the rows of one kind in the order of their ids.
func (s *Server) Rows(object string) []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.tables[object]
	list := make([]Row, 0, len(t.order))
	for _, id := range t.order {
		r := t.rows[id]
		list = append(list, Row{ID: digits(id), Created: r.created, Updated: r.updated.Truncate(time.Second), fields: r})
	}
	return list
}

// Create makes an object now, and tells webhooks of it.
func (s *Server) Create(object string, fields map[string]any) (string, error) {
	return s.create(object, fields, s.now())
}

func (s *Server) create(object string, fields map[string]any, at time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[object]
	if t == nil {
		return "", fmt.Errorf("there is no %s", object)
	}
	if refused := s.refuses(t, 0, fields); refused != nil {
		return "", refused
	}
	r, err := t.add(s, fields, at)
	if err != nil {
		return "", err
	}
	switch object {
	case "fieldValues":
		r.values["owner"] = r.values["contact"]
	case "contacts":
		r.values["hash"] = strconv.Quote(fmt.Sprintf("%032x", r.id*7919))
	case "deals":
		r.values["nextdealid"], r.values["customerAccount"] = strconv.Quote(digits(r.id)), r.values["account"]
	case "contactAutomations":
		r.values["seriesid"] = r.values["automation"]
	}
	if !at.IsZero() {
		s.tell(created[object], t, r)
	}
	return digits(r.id), nil
}

// Set changes objects now. A contact's udate moves; what is kept beside a contact leaves it alone, see Subscribe.
func (s *Server) Set(object string, fields map[string]any, ids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[object]
	for _, id := range ids {
		r := t.row(id)
		if r == nil {
			return fmt.Errorf("there is no %s %s", object, id)
		}
		if refused := s.refuses(t, r.id, fields); refused != nil {
			return refused
		}
		if err := t.put(s, r, fields, s.now()); err != nil {
			return err
		}
		s.tell(changed[object], t, r)
	}
	return nil
}

// Delete deletes an object for good, and what belongs to it. No webhook tells of it.
func (s *Server) Delete(object, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[object]
	r := t.row(id)
	if r == nil {
		return fmt.Errorf("there is no %s %s", object, id)
	}
	t.remove(r)
	if object != "contacts" {
		return nil
	}
	for _, name := range []string{"contactLists", "contactTags", "fieldValues", "accountContacts", "contactAutomations"} {
		for _, one := range slices.Clone(s.tables[name].by[id]) {
			s.tables[name].remove(s.tables[name].rows[one])
		}
	}
	return nil
}

// The status of a contact on a list.
const (
	Unconfirmed  = 0
	Subscribed   = 1
	Unsubscribed = 2
	Bounced      = 3
)

// Subscribe gives a contact a status on a list. The contact's own stamps stay, as the vendor often leaves them.
func (s *Server) Subscribe(contact, list string, status int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables["contactLists"]
	fields := map[string]any{"contact": contact, "list": list, "status": status}
	r := s.joined(t, contact, "list", list)
	var err error
	if r == nil {
		r, err = t.add(s, fields, s.now())
	} else {
		err = t.put(s, r, fields, s.now())
	}
	if err != nil {
		return err
	}
	kind := "subscribe"
	if status == Unsubscribed {
		kind = "unsubscribe"
	}
	s.tell(kind, t, r)
	return nil
}

// Tag gives a contact a tag, which is made when there is none of that name; Untag takes it away. Neither changes the contact's
// stamps.
func (s *Server) Tag(contact, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag, err := s.named("tags", "tag", map[string]any{"tag": name})
	if err != nil {
		return err
	}
	t := s.tables["contactTags"]
	if s.joined(t, contact, "tag", digits(tag.id)) != nil {
		return nil
	}
	r, err := t.add(s, map[string]any{"contact": contact, "tag": digits(tag.id)}, s.now())
	if err == nil {
		s.tell("contact_tag_added", t, r)
	}
	return err
}

// Untag takes a tag from a contact.
func (s *Server) Untag(contact, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tag, err := s.named("tags", "tag", map[string]any{"tag": name})
	if err != nil {
		return err
	}
	t := s.tables["contactTags"]
	r := s.joined(t, contact, "tag", digits(tag.id))
	if r == nil {
		return errors.New("the contact does not have that tag")
	}
	s.tell("contact_tag_removed", t, r)
	t.remove(r)
	return nil
}

// SetField gives a contact a value of a custom field, which is made as the type says when there is none with that tag. The
// contact's stamps stay.
func (s *Server) SetField(contact, perstag, kind, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.named("fields", "perstag", map[string]any{"perstag": perstag, "title": strings.ToLower(perstag), "type": kind})
	if err != nil {
		return err
	}
	t, fields := s.tables["fieldValues"], map[string]any{"contact": contact, "field": digits(f.id), "value": value, "owner": contact}
	r := s.joined(t, contact, "field", digits(f.id))
	if r == nil {
		_, err = t.add(s, fields, s.now())
		return err
	}
	return t.put(s, r, fields, s.now())
}

// named returns the row whose member has that value, and makes it when there is none.
func (s *Server) named(object, member string, fields map[string]any) (*row, error) {
	t := s.tables[object]
	if list := t.find(func(r *row) bool { return r.text(member) == fields[member] }); len(list) > 0 {
		return list[0], nil
	}
	return t.add(s, fields, s.now())
}

// joined returns the row that joins a contact with something.
func (s *Server) joined(t *table, contact, member, id string) *row {
	for _, one := range t.by[contact] {
		if r := t.rows[one]; r.text(member) == id {
			return r
		}
	}
	return nil
}

func (t *table) row(id string) *row {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	return t.rows[n]
}

// refuses checks what ActiveCampaign checks: a contact needs an address that no other has. The caller holds mu.
func (s *Server) refuses(t *table, id int64, fields map[string]any) error {
	if t.plural != "contacts" {
		return nil
	}
	address, given := fields["email"].(string)
	if id == 0 && address == "" {
		return &refusal{http.StatusUnprocessableEntity, "field_missing", "Contact Email Address is required."}
	}
	if !given {
		return nil
	}
	if other, taken := t.emails[strings.ToLower(address)]; taken && other != id {
		return &refusal{http.StatusUnprocessableEntity, "duplicate", "Email address already exists in the system"}
	}
	return nil
}
