package zendesktest

import (
	"encoding/json"
	"net/http"
)

// found fills a new account: its owner, and what every account has.
func (s *Server) found() {
	s.mu.Lock()
	defer s.mu.Unlock()
	by := actor{via: "system"}
	put := func(name string, in map[string]any) *row {
		o := object{}
		for k, v := range in {
			o[k] = json.RawMessage(marshal(v))
		}
		o["created_at"] = json.RawMessage(quote(instant(s.now() - 365*24*3600)))
		return s.mustWrite(s.table(name), nil, o, by)
	}
	for _, name := range []string{"user_fields", "organization_fields", "ticket_fields"} {
		s.table(name).define()
	}
	put("groups", map[string]any{"name": "Support", "default": true})
	owner := put("users", map[string]any{"name": "Account Owner", "email": "owner@" + s.opt.Subdomain + ".example", "role": s.opt.Role, "verified": true})
	s.owner = owner.id
	fields := []uint64{}
	for i, f := range []struct{ kind, title string }{
		{"subject", "Subject"}, {"description", "Description"}, {"status", "Status"}, {"tickettype", "Type"}, {"priority", "Priority"}, {"group", "Group"}, {"assignee", "Assignee"},
	} {
		o := put("ticket_fields", map[string]any{"type": f.kind, "title": f.title, "raw_title": f.title, "position": i + 1, "removable": false, "title_in_portal": f.title, "raw_title_in_portal": f.title})
		fields = append(fields, o.id)
	}
	form := put("ticket_forms", map[string]any{"name": "Default Ticket Form", "raw_name": "Default Ticket Form", "display_name": "Default Ticket Form",
		"raw_display_name": "Default Ticket Form", "ticket_field_ids": fields, "default": true})
	for _, st := range []struct{ category, label, customer string }{{"new", "New", "Open"}, {"open", "Open", "Open"}, {"pending", "Pending", "Awaiting your reply"}, {"hold", "On-hold", "Open"}, {"solved", "Solved", "Solved"}} {
		put("custom_statuses", map[string]any{"status_category": st.category, "agent_label": st.label, "raw_agent_label": st.label, "end_user_label": st.customer, "raw_end_user_label": st.customer, "default": true})
	}
	put("brands", map[string]any{"name": s.opt.Subdomain, "subdomain": s.opt.Subdomain, "brand_url": "https://" + s.opt.Subdomain + ".zendesk.com", "default": true, "ticket_form_ids": []uint64{form.id}})
}

// checkField wants a title and, for users and organizations, a key that is not there yet.
func (s *Server) checkField(t *table, o *row, c *change, p problems, _ actor) error {
	title, given := c.has(t, "title")
	if (o == nil && !given) || (given && title == "") {
		p.add("title", "BlankValue", "Title: cannot be blank")
	}
	if o != nil || t.plural == "ticket_fields" {
		return nil
	}
	key, _ := c.has(t, "key")
	switch {
	case key == "":
		p.add("key", "BlankValue", "Key: cannot be blank")
	case t.by("key", key).Len() > 0:
		p.add("key", "DuplicateValue", "Key: %s has already been taken", plain(key))
	}
	return nil
}

// actor is whoever signed in.
func (s *Server) actor() actor { return actor{id: s.owner, via: "api"} }

// accountRoutes mounts what is about the account itself.
func (s *Server) accountRoutes(api *http.ServeMux) {
	api.Handle("GET /api/v2/account/settings", s.may("read", s.settings))
	api.Handle("GET /api/v2/search", s.may("read", s.search))
	api.Handle("GET /api/v2/search/count", s.may("read", s.searchCount))
}

// settings answers the part of the settings that integrations look at.
func (s *Server) settings(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]any{"settings": map[string]any{
		"active_features": map[string]any{"user_tagging": true, "organization_access_enabled": true, "custom_statuses_enabled": true, "ticket_forms": true},
		"api":             map[string]any{"accepted_api_agreement": true, "api_password_access": false, "api_token_access": !s.opt.TokensEnded},
		"localization":    map[string]any{"locale_ids": []int{1}, "time_zone": "America/Los_Angeles", "uses_12_hour_clock": true},
		"tickets":         map[string]any{"allow_group_reset": true, "tagging": true, "custom_statuses_enabled": true},
		"users":           map[string]any{"tagging": true},
		"brands":          map[string]any{"default_brand_id": parseID(s.defaultOf("brands"))},
	}})
	return nil
}
