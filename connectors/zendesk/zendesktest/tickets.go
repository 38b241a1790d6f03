package zendesktest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

var (
	statuses   = []string{"new", "open", "pending", "hold", "solved", "closed"}
	priorities = []string{"", "urgent", "high", "normal", "low"}
	types      = []string{"", "problem", "incident", "question", "task"}
)

// said is the comment of a ticket's write.
type said struct {
	Body     string      `json:"body"`
	HTMLBody string      `json:"html_body"`
	Public   *bool       `json:"public"`
	AuthorID json.Number `json:"author_id"`
}

// checkTicket is what the vendor says about a ticket that is written, and what it adds.
func (s *Server) checkTicket(t *table, o *row, c *change, p problems, by actor) error {
	if o != nil && t.text(o.cur, "status") == "closed" {
		p.add("status", "", "Status: closed prevents ticket update")
		return nil
	}
	for name, allowed := range map[string][]string{"status": statuses, "priority": priorities, "type": types} {
		if raw, given := c.has(t, name); given && !slices.Contains(allowed, plain(raw)) {
			p.add(name, "InvalidValue", "%s: %s is not valid", titleOf(name), plain(raw))
		}
	}
	for name, table := range map[string]string{"requester_id": "users", "submitter_id": "users", "assignee_id": "users", "organization_id": "organizations", "group_id": "groups"} {
		if raw, given := c.has(t, name); given && raw != "" && s.table(table).alive(parseID(raw)) == nil {
			p.add(strings.TrimSuffix(name, "_id"), "InvalidValue", "%s: is invalid", titleOf(name))
		}
	}
	if f := s.checkStamp(t, o, c); f != nil {
		return f
	}
	if len(p) > 0 {
		return nil
	}
	if o == nil {
		return s.openTicket(t, c, p, by)
	}
	if tags, given := c.extra["additional_tags"]; given {
		c.set(t, "tags", marshal(append(t.list(o.cur, "tags"), stringsOf(tags)...)))
	}
	s.followStatus(t, o, c)
	return nil
}

// checkStamp refuses a safe update of a ticket that changed meanwhile.
func (s *Server) checkStamp(t *table, o *row, c *change) *failure {
	if o == nil || string(c.extra["safe_update"]) != "true" {
		return nil
	}
	if stamp := plain(string(c.extra["updated_stamp"])); stamp != instant(o.cur.updated) {
		return fail(http.StatusConflict, "UpdateConflict", "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.")
	}
	return nil
}

func stringsOf(raw json.RawMessage) []string {
	var list []string
	_ = json.Unmarshal(raw, &list) // what is no list adds nothing
	return list
}

// openTicket completes a new ticket: who asks, the first comment, and the account's defaults.
func (s *Server) openTicket(t *table, c *change, p problems, by actor) error {
	comment := c.comment()
	if comment.Body == "" {
		if raw, given := c.has(t, "description"); given {
			comment.Body = plain(raw)
		}
	}
	if comment.Body == "" {
		p.add("base", "BlankValue", "Description: cannot be blank")
		return nil
	}
	c.extra["comment"] = json.RawMessage(marshal(comment))
	c.set(t, "description", quote(comment.Body))
	requester, err := s.requester(t, c, by)
	if err != nil {
		return err
	}
	s.orElse(t, c, "requester_id", idJSON(requester))
	s.orElse(t, c, "submitter_id", idJSON(requester))
	s.orElse(t, c, "organization_id", s.table("users").rows[requester].cur.get(s.table("users").slot("organization_id")))
	s.orElse(t, c, "group_id", s.defaultOf("groups"))
	s.orElse(t, c, "ticket_form_id", s.defaultOf("ticket_forms"))
	s.orElse(t, c, "brand_id", s.defaultOf("brands"))
	status := `"new"`
	if who, given := c.has(t, "assignee_id"); given && who != "" {
		status = `"open"`
	}
	s.orElse(t, c, "status", status)
	if subject, given := c.has(t, "subject"); given {
		c.set(t, "raw_subject", subject)
	}
	s.followStatus(t, nil, c)
	return nil
}

func (s *Server) orElse(t *table, c *change, name, json string) {
	if _, given := c.has(t, name); !given {
		c.set(t, name, json)
	}
}

// defaultOf returns the id of a table's first row.
func (s *Server) defaultOf(name string) string {
	t := s.table(name)
	for k := range t.live.Between(0, 1, false) {
		return idJSON(k.ID)
	}
	return ""
}

// comment reads the comment of a write; one without a body says nothing.
func (c *change) comment() said {
	var out said
	raw := c.extra["comment"]
	if len(raw) > 0 && raw[0] == '"' {
		out.Body = plain(string(raw))
		return out
	}
	_ = json.Unmarshal(raw, &out) // what is no comment says nothing
	if out.Body == "" {
		out.Body = out.HTMLBody
	}
	return out
}

// requester returns who asks: the one that is named, found or made by address, or who signed in.
func (s *Server) requester(t *table, c *change, by actor) (uint64, error) {
	if raw, given := c.has(t, "requester_id"); given && raw != "" {
		return parseID(raw), nil
	}
	var who object
	_ = json.Unmarshal(c.extra["requester"], &who) // what is no object names nobody
	address := plain(string(who["email"]))
	if address == "" {
		return by.id, nil
	}
	if id, known := s.emails[normal(address)]; known {
		return id, nil
	}
	if who["name"] == nil {
		who["name"] = json.RawMessage(quote(address))
	}
	o, err := s.write(s.table("users"), nil, object{"name": who["name"], "email": who["email"]}, false, by)
	if err != nil {
		return 0, err
	}
	return o.id, nil
}

// followStatus keeps the custom status in step with the status, in both directions.
func (s *Server) followStatus(t *table, o *row, c *change) {
	custom := s.table("custom_statuses")
	if raw, given := c.has(t, "custom_status_id"); given && raw != "" {
		if status := custom.alive(parseID(raw)); status != nil {
			if _, both := c.has(t, "status"); !both {
				c.set(t, "status", status.cur.get(custom.slot("status_category")))
			}
			return
		}
	}
	status, given := c.has(t, "status")
	if !given || (o != nil && o.cur.get(t.slot("status")) == status) {
		return
	}
	if status == `"closed"` {
		status = `"solved"`
	}
	if first := custom.first("status_category", status); first != nil {
		c.set(t, "custom_status_id", idJSON(first.id))
	}
}

// afterTicket writes the comment and the audit of a change.
func (s *Server) afterTicket(o *row, before *version, c change, by actor) {
	t := s.table("tickets")
	comment := c.comment()
	a := audit{id: s.nextID(), ticket: o.id, author: by.id, at: o.cur.updated, channel: by.via}
	if comment.Body != "" {
		a.comment = s.addComment(o, comment, a, by)
	}
	a.changes = t.auditedChanges(o.cur, before)
	if before != nil && len(a.changes) == 0 && a.comment == nil {
		return
	}
	a.created = before == nil
	s.audits.add(a)
	s.moved.follow(s, o, before, a)
	s.tellTicket(o, before, a, by)
}

// audited are the columns whose changes an audit names.
var audited = []string{"subject", "status", "priority", "type", "assignee_id", "group_id", "requester_id", "organization_id", "tags", "custom_status_id"}

// auditedChanges returns what a new version set, changed or emptied; before is nil for a new row.
func (t *table) auditedChanges(now, before *version) (list []fieldChange) {
	for slot, column := range t.columns {
		is, was := now.get(slot), ""
		if before != nil {
			was = before.get(slot)
		}
		if is != was && slices.Contains(audited, column.name) {
			list = append(list, fieldChange{column.name, was, is})
		}
	}
	return list
}

// addComment stores a comment: by whom it says, else the first by the requester and any other by who makes the change.
func (s *Server) addComment(ticket *row, in said, a audit, by actor) *row {
	t := s.table("comments")
	c := change{created: a.at}
	author := by.id
	if t.by("ticket_id", idJSON(ticket.id)).Len() == 0 {
		author = s.table("tickets").number(ticket.cur, "requester_id")
	}
	author = cmp.Or(parseID(in.AuthorID.String()), author)
	c.set(t, "ticket_id", idJSON(ticket.id))
	c.set(t, "author_id", idJSON(author))
	c.set(t, "body", quote(in.Body))
	c.set(t, "plain_body", quote(in.Body))
	c.set(t, "html_body", quote(`<div class="zd-comment" dir="auto">`+in.Body+`</div>`))
	c.set(t, "audit_id", idJSON(a.id))
	if in.Public != nil && !*in.Public {
		c.set(t, "public", "false")
	}
	o := &row{id: s.nextID()}
	s.store(t, o, s.next(nil, c), by)
	return o
}

// deleteTicket makes a ticket deleted: gone from the lists, status deleted in the export, restorable until it is scrubbed.
func (s *Server) deleteTicket(o *row, by actor) {
	s.alter(s.table("tickets"), o, by, deleted, map[string]string{"status": `"deleted"`})
}

// scrub is what remains of a ticket that was deleted for ever: its texts say so, and the export goes on to show it.
func (s *Server) scrub(o *row, by actor) {
	t := s.table("tickets")
	for _, comment := range s.children(s.table("comments"), "ticket_id", o.id) {
		s.table("comments").drop(comment)
	}
	s.audits.forget(o.id)
	c := change{}
	for _, name := range []string{"subject", "raw_subject", "description"} {
		c.set(t, name, `"SCRUBBED"`)
	}
	for _, name := range []string{"tags", "external_id", "recipient", "collaborator_ids", "follower_ids", "email_cc_ids"} {
		c.set(t, name, "")
	}
	c.set(t, "status", `"deleted"`)
	v := s.next(o.cur, c)
	v.customs, v.state = nil, purged
	s.store(t, o, v, by)
}

// restoreTicket brings a deleted ticket back with the status it had.
func (s *Server) restoreTicket(o *row, by actor) {
	status := s.audits.statusBefore(o.id)
	s.alter(s.table("tickets"), o, by, live, map[string]string{"status": status})
}
