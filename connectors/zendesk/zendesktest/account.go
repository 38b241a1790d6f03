package zendesktest

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// checkField wants a title and, for users and organizations, a key that is not there yet.
func (s *Server) checkField(t *table, o *row, c *change, p problems, _ actor) error {
	title, given := c.has(t, "title")
	if (o == nil && !given) || (given && title == "") {
		p.add("title", "BlankValue", "Title: cannot be blank")
	}
	s.follow(t, c, "title", "raw_title")
	s.follow(t, c, "description", "raw_description")
	s.numberOptions(t, c)
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

// numberOptions gives the options of a drop-down field their ids.
func (s *Server) numberOptions(t *table, c *change) {
	raw, given := c.has(t, "custom_field_options")
	if !given {
		return
	}
	var options []map[string]any
	_ = json.Unmarshal([]byte(raw), &options) // what is no list of objects is no list of options
	for _, o := range options {
		if o["id"] == nil {
			o["id"] = s.nextID()
		}
		if o["raw_name"] == nil {
			o["raw_name"] = o["name"]
		}
		if t.plural == "ticket_fields" && o["default"] == nil {
			o["default"] = false
		}
	}
	c.set(t, "custom_field_options", marshal(options))
}

// checkForm wants a name, which its other names are unless the request says otherwise.
func (s *Server) checkForm(t *table, o *row, c *change, p problems, _ actor) error {
	if name, given := c.has(t, "name"); (o == nil && !given) || (given && name == "") {
		p.add("name", "BlankValue", "Name: cannot be blank")
	}
	for _, other := range []string{"raw_name", "display_name", "raw_display_name"} {
		s.follow(t, c, "name", other)
	}
	return nil
}

// follow gives one column what the change gives another, unless it says something about it.
func (s *Server) follow(t *table, c *change, from, to string) {
	if raw, given := c.has(t, from); given {
		s.orElse(t, c, to, raw)
	}
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
		"api":             map[string]any{"accepted_api_agreement": true, "api_password_access": "false", "api_token_access": strconv.FormatBool(!s.opt.TokensEnded)},
		"localization":    map[string]any{"locale_ids": []int{1}, "time_zone": "America/Los_Angeles", "uses_12_hour_clock": true},
		"tickets":         map[string]any{"allow_group_reset": true, "tagging": true, "custom_statuses_enabled": true},
		"users":           map[string]any{"tagging": true},
		"brands":          map[string]any{"default_brand_id": parseID(s.defaultOf("brands"))},
	}})
	return nil
}
