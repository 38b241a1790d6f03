package mailchimptest

import (
	"net/http"
	"net/url"
	"slices"
)

// campaign is something that was sent, or will be.
type campaign struct {
	id, list, title, subject, status, kind string
	webID                                  int
	created, sent                          int64
	recipients                             int
	events                                 []event
	unsubscribed                           int
}

// event is what one recipient did, or what became of the mail to one.
type event struct {
	address, list, action, kind, url string
	at                               int64
}

func (c *campaign) count(action, kind string) (n int) {
	for _, e := range c.events {
		if e.action == action && (kind == "" || e.kind == kind) {
			n++
		}
	}
	return n
}

func (c *campaign) unique(action string) int {
	seen := map[string]bool{}
	for _, e := range c.events {
		if e.action == action {
			seen[e.address] = true
		}
	}
	return len(seen)
}

func (c *campaign) last(action string) (at int64) {
	for _, e := range c.events {
		if e.action == action {
			at = max(at, e.at)
		}
	}
	return at
}

func (c *campaign) row(s *Server) object {
	name := ""
	if l, err := s.list(c.list); err == nil {
		name = l.name
	}
	out := object{{"id", c.id}, {"web_id", c.webID}, {"type", c.kind}, {"create_time", rfc3339(c.created)}, {"archive_url", "http://eepurl.example/" + c.id},
		{"long_archive_url", "https://mailchi.example/acme/" + c.id}, {"status", c.status}, {"emails_sent", c.recipients}, {"send_time", instant(c.sent)},
		{"content_type", "template"}, {"needs_block_refresh", false}, {"resendable", false},
		{"recipients", object{{"list_id", c.list}, {"list_is_active", true}, {"list_name", name}, {"segment_text", ""}, {"recipient_count", c.recipients}}},
		{"settings", object{{"subject_line", c.subject}, {"preview_text", ""}, {"title", c.title}, {"from_name", "Acme"}, {"reply_to", "sales@acme.example"},
			{"use_conversation", false}, {"to_name", "*|FNAME|*"}, {"folder_id", ""}, {"authenticate", true}, {"auto_footer", false}, {"inline_css", false},
			{"auto_tweet", false}, {"fb_comments", false}, {"timewarp", false}, {"template_id", 0}, {"drag_and_drop", true}}},
		{"tracking", object{{"opens", true}, {"html_clicks", true}, {"text_clicks", false}, {"goal_tracking", false}, {"ecomm360", false}, {"google_analytics", ""}, {"clicktale", ""}}}}
	if c.status == "sent" {
		out = append(out, pair{"report_summary", object{{"opens", c.count("open", "")}, {"unique_opens", c.unique("open")}, {"open_rate", 0}, {"clicks", c.count("click", "")},
			{"subscriber_clicks", c.unique("click")}, {"click_rate", 0}, {"ecommerce", object{{"total_orders", 0}, {"total_spent", 0}, {"total_revenue", 0}}}}})
	}
	return append(out, pair{"delivery_status", object{{"enabled", false}}}, links("https://us19.api.mailchimp.com/3.0/campaigns/"+c.id))
}

func (c *campaign) report() object {
	return object{{"id", c.id}, {"campaign_title", c.title}, {"type", c.kind}, {"list_id", c.list}, {"list_is_active", true}, {"subject_line", c.subject}, {"preview_text", ""},
		{"emails_sent", c.recipients}, {"abuse_reports", 0}, {"unsubscribed", c.unsubscribed}, {"send_time", rfc3339(c.sent)},
		{"bounces", object{{"hard_bounces", c.count("bounce", "hard")}, {"soft_bounces", c.count("bounce", "soft")}, {"syntax_errors", 0}}},
		{"forwards", object{{"forwards_count", 0}, {"forwards_opens", 0}}},
		{"opens", object{{"opens_total", c.count("open", "")}, {"unique_opens", c.unique("open")}, {"open_rate", 0}, {"last_open", instant(c.last("open"))}}},
		{"clicks", object{{"clicks_total", c.count("click", "")}, {"unique_clicks", c.unique("click")}, {"unique_subscriber_clicks", c.unique("click")}, {"click_rate", 0}, {"last_click", instant(c.last("click"))}}},
		links("https://us19.api.mailchimp.com/3.0/reports/" + c.id)}
}

// campaignRoutes mounts campaigns, their reports and what recipients did.
func (s *Server) campaignRoutes(handle func(string, func(*http.Request) (any, error))) {
	handle("GET /3.0/campaigns", func(r *http.Request) (any, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		all := s.chosen(r.URL.Query(), func(c *campaign) bool {
			status := r.URL.Query().Get("status")
			return status == "" || c.status == status
		})
		rows := []object{}
		for _, c := range paged(r.URL.Query(), all) {
			rows = append(rows, c.row(s))
		}
		return collection(r, "campaigns", rows, len(all)), nil
	})
	handle("GET /3.0/campaigns/{campaign}", s.withCampaign(func(_ *http.Request, c *campaign) (any, error) { return c.row(s), nil }))
	handle("DELETE /3.0/campaigns/{campaign}", s.withCampaign(func(_ *http.Request, c *campaign) (any, error) {
		s.campaigns = slices.DeleteFunc(s.campaigns, func(o *campaign) bool { return o == c })
		return nil, nil
	}))
	handle("GET /3.0/reports", func(r *http.Request) (any, error) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		all := s.chosen(r.URL.Query(), func(c *campaign) bool { return c.sent > 0 })
		rows := []object{}
		for _, c := range paged(r.URL.Query(), all) {
			rows = append(rows, c.report())
		}
		return collection(r, "reports", rows, len(all)), nil
	})
	handle("GET /3.0/reports/{campaign}", s.withCampaign(func(_ *http.Request, c *campaign) (any, error) {
		if c.sent == 0 {
			return nil, notFound()
		}
		return c.report(), nil
	}))
	handle("GET /3.0/reports/{campaign}/email-activity", s.withCampaign(activity))
}

// withCampaign finds the campaign of a path and holds mu.
func (s *Server) withCampaign(h func(*http.Request, *campaign) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.IndexFunc(s.campaigns, func(c *campaign) bool { return c.id == r.PathValue("campaign") })
		if i < 0 {
			return nil, notFound()
		}
		return h(r, s.campaigns[i])
	}
}

// chosen filters campaigns by when they were sent; they stand in the order in which they were made.
func (s *Server) chosen(q url.Values, keep func(*campaign) bool) (all []*campaign) {
	since, before := timeIn(q, "since_send_time"), timeIn(q, "before_send_time")
	for _, c := range s.campaigns {
		if keep(c) && (since == 0 || c.sent > since) && (before == 0 || c.sent > 0 && c.sent < before) {
			all = append(all, c)
		}
	}
	if q.Get("sort_dir") == "DESC" {
		slices.Reverse(all)
	}
	return all
}

// activity lists recipients with what they did after a time.
func activity(r *http.Request, c *campaign) (any, error) {
	if c.sent == 0 {
		return nil, notFound()
	}
	since := timeIn(r.URL.Query(), "since")
	var order []string
	did := map[string][]object{}
	lists := map[string]string{}
	for _, e := range c.events {
		if e.at <= since {
			continue
		}
		if did[e.address] == nil {
			order = append(order, e.address)
		}
		one := object{{"action", e.action}}
		if e.kind != "" {
			one = append(one, pair{"type", e.kind})
		}
		one = append(one, pair{"timestamp", rfc3339(e.at)})
		if e.url != "" {
			one = append(one, pair{"url", e.url})
		}
		if e.action != "bounce" {
			one = append(one, pair{"ip", "192.0.2.9"})
		}
		did[e.address], lists[e.address] = append(did[e.address], one), e.list
	}
	rows := []object{}
	for _, address := range paged(r.URL.Query(), order) {
		rows = append(rows, object{{"campaign_id", c.id}, {"list_id", lists[address]}, {"list_is_active", true}, {"email_id", hash(address)}, {"email_address", address},
			{"activity", did[address]}, links(r.URL.Path)})
	}
	return collection(r, "emails", rows, len(order), pair{"campaign_id", c.id}), nil
}
