package activecampaigntest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
)

// Webhook is where events go.
type Webhook struct {
	ID     string // empty is made up
	Name   string
	URL    string
	Events []string // `subscribe`, `deal_add` …; nil = all
	// Sources are who makes them: public, admin, api, system; nil = all. List is the only list whose events it gets; "" or 0 = all.
	Sources []string
	List    string

	created time.Time
}

// The events of what is made and changed. There is none for what is deleted.
var (
	created = map[string]string{"contacts": "subscribe", "deals": "deal_add", "accounts": "account_add", "accountContacts": "account_contact_add", "lists": "list_add",
		"dealGroups": "deal_pipeline_add", "dealStages": "deal_stage_add"}
	changed = map[string]string{"contacts": "update", "deals": "deal_update", "accounts": "account_update", "accountContacts": "account_contact_update"}
)

type hooks struct {
	mu      sync.Mutex
	list    []Webhook
	off     map[string]bool // addresses turned off by 410
	serial  int
	waiting []delivery
}

type delivery struct {
	url  string
	body string
}

// maxWaiting bounds what waits; the oldest is dropped beyond it.
const maxWaiting = 100_000

// Hook adds a webhook and returns its id; what happened before is not told.
func (s *Server) Hook(w Webhook) string {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.serial++
	if w.ID == "" {
		w.ID = strconv.Itoa(s.hooks.serial)
	}
	w.created = s.now()
	delete(s.hooks.off, w.URL)
	s.hooks.list = append(s.hooks.list, w)
	return w.ID
}

// PendingEvents returns how many deliveries wait.
func (s *Server) PendingEvents() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return len(s.hooks.waiting)
}

// Off reports whether a webhook was turned off, which an answer of 410 does.
func (s *Server) Off(address string) bool {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return s.hooks.off[address]
}

// tell queues an event for every webhook that wants it; the caller holds the server's mu.
func (s *Server) tell(event string, t *table, r *row) {
	if event == "" {
		return
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	if len(s.hooks.list) == 0 {
		return
	}
	body := s.form(event, t, r)
	for _, w := range s.hooks.list {
		if s.hooks.off[w.URL] || w.Events != nil && !slices.Contains(w.Events, event) || w.Sources != nil && !slices.Contains(w.Sources, "api") {
			continue
		}
		s.hooks.waiting = append(s.hooks.waiting, delivery{w.URL, body})
		if over := len(s.hooks.waiting) - maxWaiting; over > 0 {
			s.hooks.waiting = slices.Delete(s.hooks.waiting, 0, over)
		}
	}
}

// form writes an event as ActiveCampaign does: brackets for what is nested, the vendor's own names, all text.
func (s *Server) form(event string, t *table, r *row) string {
	v := url.Values{"type": {event}, "date_time": {s.stamp(s.now())}, "initiated_from": {"api"}, "initiated_by": {"1"}, "list": {"0"}}
	contact := r.text("contact")
	switch t.plural {
	case "contacts":
		contact = digits(r.id)
	case "contactLists":
		v.Set("list", r.text("list"))
		if event == "unsubscribe" {
			v.Set("list[][id]", r.text("list"))
			v.Set("unsubscribe[reason]", r.text("unsubreason"))
		}
	case "contactTags":
		if tag := s.tables["tags"].row(r.text("tag")); tag != nil {
			v.Set("tag", tag.text("tag"))
		}
	case "deals":
		for _, name := range []string{"title", "value", "currency", "owner", "status"} {
			v.Set("deal["+name+"]", r.text(name))
		}
		v.Set("deal[id]", digits(r.id))
		v.Set("deal[stageid]", r.text("stage"))
		v.Set("deal[pipelineid]", r.text("group"))
		v.Set("deal[contactid]", contact)
	case "accounts":
		v.Set("account[id]", digits(r.id))
		v.Set("account[name]", r.text("name"))
		v.Set("account[account_url]", r.text("accountUrl"))
	case "accountContacts":
		v.Set("accountContact[id]", digits(r.id))
		v.Set("accountContact[account]", r.text("account"))
		v.Set("accountContact[contact]", contact)
	}
	s.contactForm(v, contact)
	return v.Encode()
}

func (s *Server) contactForm(v url.Values, id string) {
	c := s.tables["contacts"].row(id)
	if c == nil {
		return
	}
	for name, from := range map[string]string{"email": "email", "first_name": "firstName", "last_name": "lastName", "phone": "phone", "orgname": "orgname", "ip": "ip"} {
		v.Set("contact["+name+"]", c.text(from))
	}
	v.Set("contact[id]", id)
	var names []string
	for _, one := range s.tables["contactTags"].by[id] {
		names = append(names, s.tables["tags"].row(s.tables["contactTags"].rows[one].text("tag")).text("tag"))
	}
	v.Set("contact[tags]", strings.Join(names, ", "))
	for _, one := range s.tables["fieldValues"].by[id] {
		value := s.tables["fieldValues"].rows[one]
		if f := s.tables["fields"].row(value.text("field")); f != nil {
			v.Set("contact[fields]["+strings.ToLower(f.text("perstag"))+"]", value.text("value"))
		}
	}
}

// Delivered says what a Deliver did.
type Delivered struct {
	Requests int // sent
	Events   int // answered 2xx
	Lost     int // answered otherwise or not at all: nothing is sent twice
}

// Deliver sends what waits, once each, and forgets it. An answer of 410 turns the webhook off and deletes it. It returns an
// error only when ctx ends.
func (s *Server) Deliver(ctx context.Context) (Delivered, error) {
	s.hooks.mu.Lock()
	list := s.hooks.waiting
	s.hooks.waiting = nil
	s.hooks.mu.Unlock()
	var sum Delivered
	for _, d := range list {
		if ctx.Err() != nil {
			return sum, fmt.Errorf("deliver webhooks: %w", ctx.Err())
		}
		if s.Off(d.url) {
			continue
		}
		sum.Requests++
		status := s.send(ctx, d)
		if status/100 == 2 {
			sum.Events++
			continue
		}
		sum.Lost++
		if status == http.StatusGone {
			s.hooks.mu.Lock()
			if s.hooks.off == nil {
				s.hooks.off = map[string]bool{}
			}
			s.hooks.off[d.url] = true
			s.hooks.list = slices.DeleteFunc(s.hooks.list, func(w Webhook) bool { return w.URL == d.url })
			s.hooks.mu.Unlock()
		}
	}
	return sum, nil
}

// DeliverEvery delivers at an interval until ctx ends, and returns then. The caller owns the goroutine.
func (s *Server) DeliverEvery(ctx context.Context, every time.Duration) {
	sandbox.Every(ctx, every, func(ctx context.Context) { _, _ = s.Deliver(ctx) }) // what failed is not sent again
}

// DropEvents forgets every n-th waiting delivery, all of them for 1, and returns how many.
func (s *Server) DropEvents(n int) int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i, before := 0, len(s.hooks.waiting)
	s.hooks.waiting = slices.DeleteFunc(s.hooks.waiting, func(delivery) bool { i++; return i%max(1, n) == 0 })
	return before - len(s.hooks.waiting)
}

// send makes one request and returns its status, 0 when there was no answer.
func (s *Server) send(ctx context.Context, d delivery) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, strings.NewReader(d.body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.opt.Deliver.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode
}
