package mailchimptest

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// list is an audience.
type list struct {
	id, name string
	webID    int
	created  int64
	members  map[string]*member // by contact id
	byHash   map[string]*member
	segments []*segment
	groups   []*category
	fields   []mergeField

	// sorted are the members of the bare list and the archived ones in the order of their last change; nil after a change.
	sorted [2][]*member
}

// segment is a saved segment, or a tag, which is a static one.
type segment struct {
	id               int
	name, kind       string
	created, updated int64
}

// category groups interests that members can choose.
type category struct {
	id, title, kind string
	interests       []*interest
}

type interest struct{ id, name string }

type mergeField struct {
	id              int
	tag, name, kind string
}

// standardFields are those that every audience begins with.
var standardFields = []mergeField{{1, "FNAME", "First Name", "text"}, {2, "LNAME", "Last Name", "text"}, {3, "ADDRESS", "Address", "address"},
	{4, "PHONE", "Phone Number", "phone"}}

func rfc3339(seconds int64) string {
	return time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05+00:00")
}

// hash is Mailchimp's name of an address: the MD5 of it in small letters.
func hash(address string) string {
	sum := md5.Sum([]byte(strings.ToLower(address)))
	return hex.EncodeToString(sum[:])
}

// short makes an id of ten hexadecimal digits.
func short(parts ...string) string { return hash(strings.Join(parts, "\x00"))[:10] }

func (l *list) count(status string) (n int) {
	for _, m := range l.members {
		if m.status == status {
			n++
		}
	}
	return n
}

// in returns the members of the bare list, or the archived ones, in the order of their last change.
func (l *list) in(archived bool) []*member {
	which := 0
	if archived {
		which = 1
	}
	if l.sorted[0] == nil && l.sorted[1] == nil {
		for _, m := range l.members {
			i := 0
			if m.status == "archived" {
				i = 1
			}
			l.sorted[i] = append(l.sorted[i], m)
		}
		for i := range l.sorted {
			slices.SortFunc(l.sorted[i], func(a, b *member) int {
				return cmp.Or(cmp.Compare(a.changed, b.changed), cmp.Compare(a.webID, b.webID))
			})
		}
	}
	return l.sorted[which]
}

func (l *list) touch() { l.sorted = [2][]*member{} }

// newList adds an audience; the caller holds mu.
func (s *Server) newList(name string) *list {
	n := s.next()
	l := &list{id: short("list", strconv.Itoa(n)), name: name, webID: 382062 + n, created: s.now(), members: map[string]*member{}, byHash: map[string]*member{},
		fields: slices.Clone(standardFields)}
	s.lists = append(s.lists, l)
	return l
}

// list finds an audience; the caller holds mu.
func (s *Server) list(id string) (*list, error) {
	for _, l := range s.lists {
		if l.id == id {
			return l, nil
		}
	}
	return nil, notFound()
}

// tag finds or makes a tag; the caller holds mu.
func (s *Server) tag(l *list, name string) *segment {
	for _, one := range l.segments {
		if one.kind == "static" && one.name == name {
			return one
		}
	}
	one := &segment{id: 100000 + s.next(), name: name, kind: "static", created: s.now(), updated: s.now()}
	l.segments = append(l.segments, one)
	return one
}

func (l *list) row(host string, contacts bool) object {
	base := "https://" + host + "/3.0/lists/" + l.id
	stats := object{{"member_count", l.count("subscribed")}, {"unsubscribe_count", l.count("unsubscribed")}, {"cleaned_count", l.count("cleaned")},
		{"campaign_count", 0}, {"campaign_last_sent", ""}, {"merge_field_count", len(l.fields)}, {"avg_sub_rate", 0}, {"open_rate", 0}, {"click_rate", 0},
		{"last_sub_date", ""}, {"last_unsub_date", ""}}
	if contacts {
		stats = append(object{{"total_contacts", len(l.members)}}, stats...)
	}
	return object{{"id", l.id}, {"web_id", l.webID}, {"name", l.name}, {"contact", object{{"company", "Acme"}, {"address1", "1 Main St"}, {"city", "Portland"},
		{"state", "OR"}, {"zip", "97201"}, {"country", "US"}, {"phone", ""}}}, {"permission_reminder", "You signed up on our site."}, {"use_archive_bar", true},
		{"campaign_defaults", object{{"from_name", "Acme"}, {"from_email", "sales@acme.example"}, {"subject", ""}, {"language", "en"}}},
		{"notify_on_subscribe", ""}, {"notify_on_unsubscribe", ""}, {"date_created", rfc3339(l.created)}, {"list_rating", 0}, {"email_type_option", false},
		{"subscribe_url_short", "http://eepurl.example/" + l.id}, {"subscribe_url_long", "https://acme.list-manage.example/subscribe?id=" + l.id},
		{"beamer_address", "us19-" + l.id + "@inbound.mailchimp.example"}, {"visibility", "prv"}, {"double_optin", false}, {"has_welcome", false},
		{"marketing_permissions", false}, {"modules", []string{}}, {"stats", stats}, links(base)}
}

// listRoutes mounts audiences and what is below them but members.
func (s *Server) listRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/lists", func(r *http.Request) (any, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		var rows []object
		for _, l := range paged(r.URL.Query(), s.lists) {
			rows = append(rows, l.row(r.Host, r.URL.Query().Get("include_total_contacts") == "true"))
		}
		if rows == nil {
			rows = []object{}
		}
		return collection(r, "lists", rows, len(s.lists), pair{"constraints", object{{"may_create", true}, {"max_instances", 100}, {"current_total_instances", len(s.lists)}}}), nil
	})
	handle("POST /3.0/lists", func(r *http.Request) (any, error) {
		var in struct{ Name string }
		if f := read(r, &in); f != nil {
			return nil, f
		}
		if in.Name == "" {
			return nil, invalid("The resource submitted could not be validated.", "name", "This value should not be blank.")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.newList(in.Name).row(r.Host, false), nil
	})
	handle("GET /3.0/lists/{list}", s.withList(func(r *http.Request, l *list) (any, error) {
		return l.row(r.Host, r.URL.Query().Get("include_total_contacts") == "true"), nil
	}))
	handle("DELETE /3.0/lists/{list}", s.withList(func(_ *http.Request, l *list) (any, error) {
		s.lists = slices.DeleteFunc(s.lists, func(o *list) bool { return o == l })
		return nil, nil
	}))
	handle("GET /3.0/lists/{list}/merge-fields", s.withList(func(r *http.Request, l *list) (any, error) {
		rows := []object{}
		for i, f := range paged(r.URL.Query(), l.fields) {
			rows = append(rows, object{{"merge_id", f.id}, {"tag", f.tag}, {"name", f.name}, {"type", f.kind}, {"required", false}, {"default_value", ""},
				{"public", false}, {"display_order", i + 2}, {"options", object{}}, {"help_text", ""}, {"list_id", l.id}, links(r.URL.Path)})
		}
		return collection(r, "merge_fields", rows, len(l.fields), pair{"list_id", l.id}), nil
	}))
}

// withList finds the audience of a path and holds mu.
func (s *Server) withList(h func(*http.Request, *list) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		l, err := s.list(r.PathValue("list"))
		if err != nil {
			return nil, err
		}
		return h(r, l)
	}
}

// segmentRoutes mounts segments, tags and interests.
func (s *Server) segmentRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/lists/{list}/segments", s.withList(func(r *http.Request, l *list) (any, error) {
		rows := []object{}
		for _, one := range paged(r.URL.Query(), l.segments) {
			rows = append(rows, object{{"id", one.id}, {"name", one.name}, {"member_count", l.tagged(one)}, {"type", one.kind}, {"created_at", rfc3339(one.created)},
				{"updated_at", rfc3339(one.updated)}, {"options", object{{"match", "any"}, {"conditions", []object{}}}}, {"list_id", l.id}, links(r.URL.Path)})
		}
		return collection(r, "segments", rows, len(l.segments), pair{"list_id", l.id}), nil
	}))
	handle("GET /3.0/lists/{list}/tag-search", s.withList(func(r *http.Request, l *list) (any, error) {
		rows := []object{}
		for _, one := range l.segments {
			if one.kind == "static" && strings.HasPrefix(one.name, r.URL.Query().Get("name")) {
				rows = append(rows, object{{"id", one.id}, {"name", one.name}})
			}
		}
		return collection(r, "tags", rows, len(rows)), nil
	}))
	handle("GET /3.0/lists/{list}/interest-categories", s.withList(func(r *http.Request, l *list) (any, error) {
		rows := []object{}
		for _, one := range paged(r.URL.Query(), l.groups) {
			rows = append(rows, object{{"list_id", l.id}, {"id", one.id}, {"title", one.title}, {"display_order", 0}, {"type", one.kind}, links(r.URL.Path)})
		}
		return collection(r, "categories", rows, len(l.groups), pair{"list_id", l.id}), nil
	}))
	handle("GET /3.0/lists/{list}/interest-categories/{category}/interests", s.withList(func(r *http.Request, l *list) (any, error) {
		i := slices.IndexFunc(l.groups, func(c *category) bool { return c.id == r.PathValue("category") })
		if i < 0 {
			return nil, notFound()
		}
		group := l.groups[i]
		rows := []object{}
		for _, one := range paged(r.URL.Query(), group.interests) {
			rows = append(rows, object{{"category_id", group.id}, {"list_id", l.id}, {"id", one.id}, {"name", one.name}, {"subscriber_count", fmt.Sprint(l.interested(one.id))},
				{"display_order", 1}, links(r.URL.Path)})
		}
		return collection(r, "interests", rows, len(group.interests), pair{"list_id", l.id}, pair{"category_id", group.id}), nil
	}))
}

func (l *list) tagged(tag *segment) (n int) {
	for _, m := range l.members {
		if slices.Contains(m.tags, tag) {
			n++
		}
	}
	return n
}

func (l *list) interested(id string) (n int) {
	for _, m := range l.members {
		if m.interests[id] {
			n++
		}
	}
	return n
}
