package mailchimptest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// member is a contact of an audience.
type member struct {
	contact, email string
	webID          int
	status, before string // before is the status of an archived member before it was
	reason         string
	merge          map[string]any
	interests      map[string]bool
	tags           []*segment
	optedIn        int64
	signedUp       int64
	changed        int64
	source         string
	language       string
	vip            bool
	left           bool // by a word of the person's own: only that one can come back
}

// statuses are those that members can be given.
var statuses = []string{"subscribed", "unsubscribed", "cleaned", "pending", "transactional"}

// change is what a request, or a test, says of a member; nil and "" change nothing.
type change struct {
	Email      string          `json:"email_address"`
	Status     string          `json:"status"`
	IfNew      string          `json:"status_if_new"`
	Merge      map[string]any  `json:"merge_fields"`
	Interests  map[string]bool `json:"interests"`
	Language   string          `json:"language"`
	VIP        *bool           `json:"vip"`
	Tags       []string        `json:"tags"`
	ByPerson   bool            `json:"-"` // an unsubscribe link, not the API
	Source     string          `json:"-"`
	Reason     string          `json:"-"`
	OptedIn    int64           `json:"-"`
	quietSince int64           // the time of the change, when it is not now
}

// badAddress is what the vendor says of an address; "" when it takes it.
func badAddress(address string) string {
	local, domain, found := strings.Cut(address, "@")
	switch {
	case !found || local == "" || !strings.Contains(domain, "."):
		return "Please provide a valid email address."
	case domain == "example.com":
		return address + " looks fake or invalid, please enter a real email address."
	}
	return ""
}

// newMember adds a member; the caller holds mu.
func (s *Server) newMember(l *list, in change) (*member, *failure) {
	status := cmp.Or(in.Status, in.IfNew)
	if why := badAddress(in.Email); why != "" {
		return nil, invalid(why, "", "")
	}
	if !slices.Contains(statuses, status) {
		return nil, invalid("The resource submitted could not be validated.", "status", "Data did not match any of the schemas described in anyOf.")
	}
	if l.byHash[hash(in.Email)] != nil {
		f := fail(400, "Member Exists", in.Email+" is already a list member. Use PUT to insert or update list members.")
		f.untyped = true
		return nil, f
	}
	n := s.next()
	m := &member{contact: hash("contact" + l.id + strconv.Itoa(n)), email: in.Email, webID: 368925385 + n, status: status, merge: map[string]any{},
		interests: map[string]bool{}, source: cmp.Or(in.Source, "API - Generic")}
	for _, f := range l.fields {
		m.merge[f.tag] = ""
	}
	for _, group := range l.groups {
		for _, one := range group.interests {
			m.interests[one.id] = false
		}
	}
	m.signedUp = s.now()
	if status == "subscribed" {
		m.optedIn = cmp.Or(in.OptedIn, s.now())
	}
	l.members[m.contact], l.byHash[hash(m.email)] = m, m
	in.Email, in.Status = "", ""
	return m, s.apply(l, m, in)
}

// apply changes a member and moves it to the end of the order; the caller holds mu.
func (s *Server) apply(l *list, m *member, in change) *failure {
	if in.Email != "" && hash(in.Email) != hash(m.email) {
		if why := badAddress(in.Email); why != "" {
			return invalid(why, "", "")
		}
		if l.byHash[hash(in.Email)] != nil {
			f := fail(400, "Member Exists", in.Email+" is already a list member. Use PUT to insert or update list members.")
			f.untyped = true
			return f
		}
	}
	if in.Status != "" && in.Status != m.status {
		if f := s.restatus(m, in); f != nil {
			return f
		}
	}
	if in.Email != "" && in.Email != m.email {
		s.hooks.upemail(s, l, m, in.Email)
		delete(l.byHash, hash(m.email))
		m.email = in.Email
		l.byHash[hash(m.email)] = m
	}
	maps.Copy(m.merge, in.Merge)
	for id, yes := range in.Interests {
		m.interests[id] = yes
	}
	m.language = cmp.Or(in.Language, m.language)
	if in.VIP != nil {
		m.vip = *in.VIP
	}
	for _, name := range in.Tags {
		if tag := s.tag(l, name); !slices.Contains(m.tags, tag) {
			m.tags = append(m.tags, tag)
		}
	}
	m.changed = cmp.Or(in.quietSince, s.now())
	l.touch()
	return nil
}

// restatus: who left by an own word is not subscribed again by the API.
func (s *Server) restatus(m *member, in change) *failure {
	if !slices.Contains(statuses, in.Status) {
		return invalid("The resource submitted could not be validated.", "status", "Data did not match any of the schemas described in anyOf.")
	}
	if in.Status == "subscribed" && m.left && !in.ByPerson {
		return fail(400, "Member In Compliance State", m.email+" is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed.")
	}
	m.status, m.before = in.Status, ""
	m.left = in.ByPerson && in.Status == "unsubscribed" || in.Status == "cleaned"
	m.reason = in.Reason
	if in.Status == "subscribed" {
		m.optedIn = cmp.Or(in.OptedIn, s.now())
	}
	return nil
}

// archive hides a member.
func (s *Server) archive(l *list, m *member) *failure {
	if m.status == "cleaned" || m.status == "pending" || m.status == "archived" {
		return fail(405, "Method Not Allowed", "This list member cannot be removed. Can not archive a contact that is bounced, pending or archived")
	}
	m.before, m.status, m.changed = m.status, "archived", s.now()
	l.touch()
	return nil
}

// forget deletes a member for good.
func (l *list) forget(m *member) {
	delete(l.members, m.contact)
	delete(l.byHash, hash(m.email))
	l.touch()
}

func (m *member) fullName() string {
	first, _ := m.merge["FNAME"].(string)
	last, _ := m.merge["LNAME"].(string)
	return strings.TrimSpace(first + " " + last)
}

// emailID is the id of an address across all audiences.
func (m *member) emailID() string { return short("email", strings.ToLower(m.email)) }

func (m *member) row(l *list, host string) object {
	base := "https://" + host + "/3.0/lists/" + l.id + "/members/" + hash(m.email)
	merge, interests, tags := object{}, object{}, []object{}
	for _, f := range l.fields {
		merge = append(merge, pair{f.tag, m.merge[f.tag]})
	}
	for _, id := range slices.Sorted(maps.Keys(m.interests)) {
		interests = append(interests, pair{id, m.interests[id]})
	}
	for _, tag := range m.tags {
		tags = append(tags, object{{"id", tag.id}, {"name", tag.name}})
	}
	out := object{{"id", hash(m.email)}, {"email_address", m.email}, {"unique_email_id", m.emailID()}, {"contact_id", m.contact}, {"full_name", m.fullName()},
		{"web_id", m.webID}, {"email_type", "html"}, {"status", m.status}}
	if m.reason != "" {
		out = append(out, pair{"unsubscribe_reason", m.reason})
	}
	out = append(out, pair{"consents_to_one_to_one_messaging", true}, pair{"merge_fields", merge})
	if len(interests) > 0 {
		out = append(out, pair{"interests", interests})
	}
	return append(out, object{{"stats", object{{"avg_open_rate", 0}, {"avg_click_rate", 0}}}, {"ip_signup", ""}, {"timestamp_signup", instant(m.signedUp)},
		{"ip_opt", "192.0.2.7"}, {"timestamp_opt", instant(m.optedIn)}, {"member_rating", 2}, {"last_changed", instant(m.changed)}, {"language", m.language},
		{"vip", m.vip}, {"email_client", ""}, {"location", object{{"latitude", 0}, {"longitude", 0}, {"gmtoff", 0}, {"dstoff", 0}, {"country_code", ""}, {"timezone", ""}, {"region", ""}}},
		{"source", m.source}, {"tags_count", len(m.tags)}, {"tags", tags}, {"list_id", l.id}, links(base)}...)
}
