package zendesktest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Row is a copy of one record for tests to look at.
type Row struct {
	Object string // the plural name
	ID     string
	Fields map[string]any // as the export shows them
	// Updated is when it was changed, Stamp when it was put into the export.
	Created, Updated, Stamp time.Time
	// Deleted says that it is gone in one way or another: an inactive user, a deleted ticket.
	Deleted bool
	// Purged says that it is gone for ever, and what is left is a stub.
	Purged bool
}

// Rows returns the records of a type that are not deleted, by ascending id. An unknown type panics, here and below,
// because it is the test's mistake.
func (s *Server) Rows(object string) []Row {
	t := s.table(object)
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Row, 0, t.live.Len())
	for k := range t.live.Between(0, t.live.Len(), false) {
		out = append(out, s.copied(t, t.rows[k.ID]))
	}
	return out
}

// Row returns one record, deleted or not; ok is false when there never was one, or it left no trace.
func (s *Server) Row(object, id string) (Row, bool) {
	t := s.table(object)
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := t.rows[parseID(id)]
	if o == nil {
		return Row{}, false
	}
	return s.copied(t, o), true
}

// Count returns how many records of a type are live and how many are deleted and restorable.
func (s *Server) Count(object string) (live, deleted int) {
	t := s.table(object)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return t.live.Len(), t.gone.Len()
}

func (s *Server) copied(t *table, o *row) Row {
	e := &encoder{s: s, base: "https://" + s.opt.Subdomain + ".zendesk.com", export: true}
	out := Row{Object: t.plural, ID: digits(o.id), Created: time.Unix(o.cur.created, 0).UTC(), Updated: time.Unix(o.cur.updated, 0).UTC(),
		Stamp: time.Unix(o.cur.stamp, 0).UTC(), Deleted: o.cur.state != live, Purged: o.cur.state == purged}
	if err := json.Unmarshal(e.row(nil, t, o), &out.Fields); err != nil {
		panic(err) // what the encoder writes is JSON
	}
	return out
}

// Create makes a record as somebody in Zendesk would and returns its id, or an error for what Zendesk refuses. The fields
// are those of the API; created_at and updated_at, in RFC 3339 or as time.Time, make it older than the clock. A comment
// needs ticket_id, and a satisfaction rating too.
func (s *Server) Create(object string, fields map[string]any) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.put(object, fields)
	if err != nil {
		return "", fmt.Errorf("create %s: %w", s.table(object).singular, err)
	}
	return digits(o.id), nil
}

// put is Create; the caller holds mu.
func (s *Server) put(object string, fields map[string]any) (*row, error) {
	in := objectOf(fields)
	t := s.table(object)
	switch object {
	case "comments":
		ticket := s.table("tickets").alive(parseID(plain(string(in["ticket_id"]))))
		if ticket == nil {
			return nil, missing()
		}
		if _, err := s.write(s.table("tickets"), ticket, wrap("comment", in), true, s.actor()); err != nil {
			return nil, err
		}
		var last *row
		for _, o := range s.children(t, "ticket_id", ticket.id) {
			last = o
		}
		return last, nil
	case "satisfaction_ratings":
		ticket := s.table("tickets").alive(parseID(plain(string(in["ticket_id"]))))
		if ticket == nil {
			return nil, missing()
		}
		o, err := s.write(t, nil, in, true, s.actor())
		if err != nil {
			return nil, err
		}
		s.attachRating(ticket, o)
		return o, nil
	case "identities":
		user := s.table("users").alive(parseID(plain(string(in["user_id"]))))
		if user == nil {
			return nil, missing()
		}
		o := s.addIdentity(user, normal(plain(string(in["value"]))), false, s.actor())
		s.touchUser(user)
		return o, nil
	}
	return s.write(t, nil, in, true, s.actor())
}

// wrap puts a comment's object into the ticket's that carries it.
func wrap(name string, in object) object {
	inner := map[string]json.RawMessage{}
	for k, v := range in {
		if k != "ticket_id" {
			inner[k] = v
		}
	}
	return object{name: json.RawMessage(marshal(inner))}
}

func objectOf(fields map[string]any) object {
	in := object{}
	for k, v := range fields {
		if at, ok := v.(time.Time); ok {
			v = at.UTC().Format(time.RFC3339)
		}
		in[k] = json.RawMessage(marshal(v))
	}
	return in
}

// Set changes fields of records, all in one second as a bulk edit does; nil clears one.
func (s *Server) Set(object string, fields map[string]any, ids ...string) error {
	t := s.table(object)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, ids, func(o *row) error {
		_, err := s.write(t, o, objectOf(fields), true, s.actor())
		return err
	})
}

// Delete deletes records the way their type is: users become inactive, tickets get the status deleted, organizations
// leave the lists, everything else is gone.
func (s *Server) Delete(object string, ids ...string) error {
	t := s.table(object)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, ids, func(o *row) error {
		if o.cur.state == live {
			s.delete(t, o, s.actor())
		}
		return nil
	})
}

// Restore brings deleted records back.
func (s *Server) Restore(object string, ids ...string) error {
	t := s.table(object)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, ids, func(o *row) error {
		switch {
		case o.cur.state != deleted:
			return fmt.Errorf("restore %s %d: it is not deleted, or for ever", t.singular, o.id)
		case object == "tickets":
			s.restoreTicket(o, s.actor())
		default:
			s.alter(t, o, s.actor(), live, nil)
		}
		return nil
	})
}

// DeleteForever leaves a stub: a permanently deleted user, a scrubbed ticket. What is still live is deleted first.
func (s *Server) DeleteForever(object string, ids ...string) error {
	t := s.table(object)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, ids, func(o *row) error {
		if o.cur.state == live {
			s.delete(t, o, s.actor())
		}
		switch object {
		case "users":
			s.purgeUser(o, s.actor())
		case "tickets":
			s.scrub(o, s.actor())
		default:
			t.drop(o)
		}
		return nil
	})
}

// MergeUsers joins the loser, an end user, into the winner.
func (s *Server) MergeUsers(winner, loser string) error {
	t := s.table("users")
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.alive(parseID(winner)), t.alive(parseID(loser))
	if a == nil || b == nil || a == b {
		return fmt.Errorf("merge users %s and %s: want two active users", winner, loser)
	}
	s.joinUsers(a, b, s.actor())
	return nil
}

// MergeOrganizations joins the loser into the winner and deletes it.
func (s *Server) MergeOrganizations(winner, loser string) error {
	t := s.table("organizations")
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.alive(parseID(winner)), t.alive(parseID(loser))
	if a == nil || b == nil || a == b {
		return fmt.Errorf("merge organizations %s and %s: want two", winner, loser)
	}
	s.joinOrganizations(a, b, s.actor())
	return nil
}

// MergeTickets closes the source in favour of the target.
func (s *Server) MergeTickets(target, source string) error {
	t := s.table("tickets")
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.alive(parseID(target)), t.alive(parseID(source))
	if a == nil || b == nil || a == b || t.text(a.cur, "status") == "closed" || t.text(b.cur, "status") == "closed" {
		return fmt.Errorf("merge tickets %s and %s: want two that are not closed", target, source)
	}
	s.mergeTicket(a, b, "", "", s.actor())
	return nil
}

// Touch is a system update: it moves generated_timestamp of tickets, and nothing that a person sees.
func (s *Server) Touch(tickets ...string) error {
	t := s.table("tickets")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.each(t, tickets, func(o *row) error {
		before := o.cur
		v := *before
		v.stamp = s.now()
		o.cur = &v
		t.place(o, before)
		return nil
	})
}

// each calls do with every record, or with none when one is missing.
func (s *Server) each(t *table, ids []string, do func(*row) error) error {
	found := make([]*row, len(ids))
	for i, id := range ids {
		if found[i] = t.rows[parseID(id)]; found[i] == nil {
			return fmt.Errorf("find %s %s: no such record", t.singular, id)
		}
	}
	for _, o := range found {
		if err := do(o); err != nil {
			return err
		}
	}
	return nil
}
