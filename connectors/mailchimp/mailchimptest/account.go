package mailchimptest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Row is one object as a test sees it. ID is list:contact for a member, list:id for a segment or an interest.
type Row struct {
	ID    string
	Stamp time.Time // of its last change
	// Email, Status and Name are those of a member.
	Email, Status, Name string
}

// Member is what a test says of a member; what is empty changes nothing.
type Member struct {
	Email, Status, First, Last, Phone, Reason, Source, Language string
	Merge                                                       map[string]any
	Interests                                                   map[string]bool
	Tags                                                        []string
	VIP                                                         bool
	// ByPerson says that the person did it, by a form or a link.
	ByPerson bool
	// At is when it was; zero is now.
	At time.Time
}

func (m Member) change() change {
	c := change{Email: m.Email, Status: m.Status, Merge: map[string]any{}, Interests: m.Interests, Tags: m.Tags, ByPerson: m.ByPerson, Source: m.Source,
		Language: m.Language, Reason: m.Reason}
	for tag, value := range map[string]string{"FNAME": m.First, "LNAME": m.Last, "PHONE": m.Phone} {
		if value != "" {
			c.Merge[tag] = value
		}
	}
	for tag, value := range m.Merge {
		c.Merge[tag] = value
	}
	if m.VIP {
		c.VIP = &m.VIP
	}
	if !m.At.IsZero() {
		c.quietSince, c.OptedIn = m.At.Unix(), m.At.Unix()
	}
	return c
}

func (m Member) source() string {
	if m.ByPerson {
		return "user"
	}
	return "admin"
}

// CreateList makes an audience and returns its id.
func (s *Server) CreateList(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newList(name).id
}

// DeleteList deletes an audience with all its members.
func (s *Server) DeleteList(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists = slices.DeleteFunc(s.lists, func(l *list) bool { return l.id == id })
}

// AddField gives an audience a merge field.
func (s *Server) AddField(list, tag, name, kind string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.list(list)
	if err == nil {
		l.fields = append(l.fields, mergeField{len(l.fields) + 1, tag, name, kind})
	}
	return err
}

// AddSegment makes a saved segment and returns its id, list:id.
func (s *Server) AddSegment(list, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.list(list)
	if err != nil {
		return "", err
	}
	one := &segment{id: 100000 + s.next(), name: name, kind: "saved", created: s.now(), updated: s.now()}
	l.segments = append(l.segments, one)
	return l.id + ":" + strconv.Itoa(one.id), nil
}

// AddInterests makes a category with interests and returns their ids.
func (s *Server) AddInterests(list, title string, names ...string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.list(list)
	if err != nil {
		return nil, err
	}
	group := &category{id: short("category", strconv.Itoa(s.next())), title: title, kind: "checkboxes"}
	var ids []string
	for _, name := range names {
		one := &interest{short("interest", strconv.Itoa(s.next())), name}
		group.interests, ids = append(group.interests, one), append(ids, one.id)
	}
	l.groups = append(l.groups, group)
	return ids, nil
}

// Create adds a member to an audience and returns its id, list:contact.
func (s *Server) Create(list string, in Member) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.list(list)
	if err != nil {
		return "", err
	}
	m, f := s.newMember(l, in.change())
	if f != nil {
		return "", fmt.Errorf("create member: %w", f)
	}
	s.hooks.member(s, l, m, "subscribe", in.source())
	return l.id + ":" + m.contact, nil
}

// at finds a member by list:contact; the caller holds mu.
func (s *Server) at(id string) (*list, *member, error) {
	list, contact, _ := strings.Cut(id, ":")
	l, err := s.list(list)
	if err != nil {
		return nil, nil, err
	}
	if m := l.members[contact]; m != nil {
		return l, m, nil
	}
	return nil, nil, notFound()
}

// Set changes members, all in the present instant.
func (s *Server) Set(in Member, ids ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		l, m, err := s.at(id)
		if err != nil {
			return err
		}
		before := m.status
		if f := s.apply(l, m, in.change()); f != nil {
			return fmt.Errorf("change member: %w", f)
		}
		s.hooks.became(s, l, m, before, in.source())
	}
	return nil
}

// Archive hides a member.
func (s *Server) Archive(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, m, err := s.at(id)
	if err != nil {
		return err
	}
	if f := s.archive(l, m); f != nil {
		return f
	}
	s.hooks.left(s, l, m, "delete", "admin")
	return nil
}

// Delete deletes a member for good, without a trace and without an event.
func (s *Server) Delete(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, m, err := s.at(id)
	if err == nil {
		l.forget(m)
	}
	return err
}

// Members returns all members of all audiences, archived ones too.
func (s *Server) Members() []Row {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var rows []Row
	for _, l := range s.lists {
		for _, m := range l.members {
			rows = append(rows, m.shown(l))
		}
	}
	return rows
}

// Member returns one.
func (s *Server) Member(id string) (Row, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	l, m, err := s.at(id)
	if err != nil {
		return Row{}, false
	}
	return m.shown(l), true
}

func (m *member) shown(l *list) Row {
	return Row{ID: l.id + ":" + m.contact, Stamp: time.Unix(m.changed, 0).UTC(), Email: m.email, Status: m.status, Name: m.fullName()}
}

// Campaign is what a test says of a campaign.
type Campaign struct {
	List, Title, Subject string
	Recipients           int
	// Sent is when it was; zero is a draft.
	Sent time.Time
}

// AddCampaign makes a campaign and returns its id.
func (s *Server) AddCampaign(in Campaign) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.next()
	c := &campaign{id: short("campaign", strconv.Itoa(n)), list: in.List, title: in.Title, subject: in.Subject, kind: "regular", status: "save", webID: 5000000 + n,
		created: s.now(), recipients: in.Recipients}
	if !in.Sent.IsZero() {
		c.sent, c.status = in.Sent.Unix(), "sent"
		c.created = min(c.created, c.sent)
		s.hooks.queue(s, c.list, "campaign", "user", "[id]", c.id, "[subject]", c.subject, "[status]", "sent", "[reason]", "")
	}
	s.campaigns = append(s.campaigns, c)
	return c.id
}

// Event is what a recipient did: open or click, or bounce, whose Kind is hard or soft.
type Event struct {
	Address, Action, Kind, URL string
	At                         time.Time // zero is now
}

// AddEvent records it.
func (s *Server) AddEvent(campaign string, in Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.campaigns {
		if c.id != campaign {
			continue
		}
		e := event{address: in.Address, list: c.list, action: in.Action, kind: in.Kind, url: in.URL, at: s.now()}
		if !in.At.IsZero() {
			e.at = in.At.Unix()
		}
		c.events = append(c.events, e)
		return nil
	}
	return notFound()
}
