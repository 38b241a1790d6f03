package zendesktest

import (
	"encoding/json"
	"strings"
)

// choice is an option of a system field.
type choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func choices(names ...string) []choice {
	var out []choice
	for _, n := range names {
		out = append(out, choice{n, strings.ToLower(n)})
	}
	return out
}

// standardFields are the ticket fields of every account, as recorded.
var standardFields = []struct {
	kind, title string
	portal      bool
	options     []choice
}{
	{"subject", "Subject", true, nil},
	{"description", "Description", true, nil},
	{"status", "Status", false, choices("Open", "Pending", "Solved")},
	{"tickettype", "Type", false, choices("Question", "Incident", "Problem", "Task")},
	{"priority", "Priority", false, choices("Low", "Normal", "High", "Urgent")},
	{"group", "Group", false, nil},
	{"assignee", "Assignee", false, nil},
	{"custom_status", "Ticket status", false, nil},
}

// standardStatuses are the statuses of every account, as recorded.
var standardStatuses = []struct{ category, label, customer, description, tells string }{
	{"new", "New", "Open", "Ticket is awaiting assignment to an agent", "We are working on a response for you"},
	{"open", "Open", "Open", "Staff is working on the ticket", "We are working on a response for you"},
	{"pending", "Pending", "Awaiting your reply", "Staff is waiting for the requester to reply", "We are waiting for you to respond"},
	{"hold", "On-hold", "Open", "Staff is waiting for a third party", "We are working on a response for you"},
	{"solved", "Solved", "Solved", "The ticket has been solved", "This request has been solved"},
}

// found fills a new account: its owner, and what every account has. All of it is a year old.
func (s *Server) found() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{"user_fields", "organization_fields", "ticket_fields"} {
		s.table(name).define()
	}
	s.foundOne("groups", map[string]any{"name": "Support", "default": true})
	s.owner = s.foundOne("users", map[string]any{"name": "Account Owner", "email": "owner@" + s.opt.Subdomain + ".example", "role": s.opt.Role, "verified": true}).id
	for _, st := range standardStatuses {
		s.foundOne("custom_statuses", map[string]any{"status_category": st.category, "agent_label": st.label, "raw_agent_label": st.label,
			"end_user_label": st.customer, "raw_end_user_label": st.customer, "description": st.description, "raw_description": st.description,
			"end_user_description": st.tells, "raw_end_user_description": st.tells, "default": true})
	}
	form := s.foundOne("ticket_forms", map[string]any{"name": "Default Ticket Form", "ticket_field_ids": s.foundFields(), "default": true})
	s.foundOne("brands", map[string]any{"name": s.opt.Subdomain, "subdomain": s.opt.Subdomain, "brand_url": "https://" + s.opt.Subdomain + ".zendesk.com",
		"default": true, "ticket_form_ids": []uint64{form.id}})
}

func (s *Server) foundOne(name string, fields map[string]any) *row {
	in := objectOf(fields)
	in["created_at"] = json.RawMessage(quote(instant(s.now() - 365*24*3600)))
	return s.mustWrite(s.table(name), nil, in, actor{via: "system"})
}

// foundFields makes the standard fields and returns their ids.
func (s *Server) foundFields() []uint64 {
	var ids []uint64
	for i, f := range standardFields {
		fields := map[string]any{"type": f.kind, "title": f.title, "position": i + 1, "removable": false, "title_in_portal": f.title, "raw_title_in_portal": f.title,
			"visible_in_portal": f.portal, "editable_in_portal": f.portal, "required_in_portal": f.portal}
		if f.options != nil {
			fields["system_field_options"] = f.options
		}
		switch f.kind {
		case "status", "priority":
			fields["sub_type_id"] = 0
		case "custom_status":
			fields["custom_statuses"] = s.statusList()
		}
		ids = append(ids, s.foundOne("ticket_fields", fields).id)
	}
	return ids
}

// statusList is how the field of custom statuses lists them: without their raw texts.
func (s *Server) statusList() []map[string]any {
	t := s.table("custom_statuses")
	var list []map[string]any
	for k := range t.live.Between(0, t.live.Len(), false) {
		fields := s.copied(t, t.rows[k.ID]).Fields
		for name := range fields {
			if strings.HasPrefix(name, "raw_") {
				delete(fields, name)
			}
		}
		list = append(list, fields)
	}
	return list
}
