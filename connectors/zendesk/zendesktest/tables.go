package zendesktest

import "strconv"

// The tables and their columns, in the order of the recorded answers. What is missing in a recording is ordered as in
// the specification.

func newTables() map[string]*table {
	list := []*table{
		newTable("users", "user", userColumns(), "role", "external_id", "organization_id"),
		newTable("identities", "identity", identityColumns(), "user_id"),
		newTable("organizations", "organization", organizationColumns(), "external_id", "name"),
		newTable("organization_memberships", "organization_membership", membershipColumns(), "user_id", "organization_id"),
		newTable("tickets", "ticket", ticketColumns(), "external_id", "requester_id", "organization_id"),
		newTable("comments", "comment", commentColumns(), "ticket_id"),
		newTable("groups", "group", groupColumns(), "name"),
		newTable("satisfaction_ratings", "satisfaction_rating", ratingColumns(), "ticket_id"),
		newTable("ticket_fields", "ticket_field", ticketFieldColumns()),
		newTable("ticket_forms", "ticket_form", ticketFormColumns()),
		newTable("custom_statuses", "custom_status", customStatusColumns(), "status_category"),
		newTable("user_fields", "user_field", fieldColumns("user_fields"), "key"),
		newTable("organization_fields", "organization_field", fieldColumns("organization_fields"), "key"),
		newTable("brands", "brand", brandColumns()),
	}
	m := map[string]*table{}
	for _, t := range list {
		m[t.plural] = t
	}
	return m
}

func kept(name string, k kind, blank string) column { return column{name: name, kind: k, blank: blank} }
func fixed(name string, k kind, blank string) column {
	return column{name: name, kind: k, blank: blank, fixed: true}
}

// constant is a value of the account that no request changes.
func constant(name, json string) column {
	return column{name: name, fixed: true, show: func(_ *encoder, _ *row, b []byte) []byte { return append(b, json...) }}
}

// byRole is a column whose unset value depends on the user's role.
func byRole(name string, k kind, admin, agent, endUser string) column {
	return column{name: name, kind: k, show: func(e *encoder, o *row, b []byte) []byte {
		switch e.s.tables["users"].text(o.cur, "role") {
		case "admin":
			return append(b, admin...)
		case "agent":
			return append(b, agent...)
		}
		return append(b, endUser...)
	}}
}

func userColumns() []column {
	return []column{
		idColumn(), urlColumn("users"), kept("name", text, "null"), kept("email", text, "null"), createdColumn(), updatedColumn(),
		kept("time_zone", text, `"America/Los_Angeles"`), fixed("iana_time_zone", text, `"America/Los_Angeles"`),
		kept("phone", text, "null"), kept("shared_phone_number", flag, "null"), fixed("photo", anything, "null"),
		kept("locale_id", whole, "1"), kept("locale", text, `"en-US"`), kept("organization_id", ref, "null"), kept("role", text, `"end-user"`),
		kept("verified", flag, "false"), kept("external_id", text, "null"), kept("tags", texts, "[]"), kept("alias", text, "null"),
		{name: "active", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte { return strconv.AppendBool(b, o.cur.state == live) }},
		fixed("shared", flag, "false"), fixed("shared_agent", flag, "false"), fixed("last_login_at", when, "null"),
		fixed("two_factor_auth_enabled", flag, "null"), kept("signature", text, "null"), kept("details", text, "null"), kept("notes", text, "null"),
		byRole("role_type", whole, "4", "null", "null"), kept("custom_role_id", ref, "null"), byRole("moderator", flag, "true", "true", "false"),
		byRole("ticket_restriction", text, "null", "null", `"requested"`), kept("only_private_comments", flag, "false"),
		byRole("restricted_agent", flag, "false", "false", "true"), kept("suspended", flag, "false"), kept("default_group_id", ref, "null"),
		byRole("report_csv", flag, "true", "false", "false"), customsColumn("user_fields", "user_fields"),
		{name: "permanently_deleted", kind: flag, fixed: true},
	}
}

func identityColumns() []column {
	return []column{
		{name: "url", fixed: true, show: func(e *encoder, o *row, b []byte) []byte {
			user := e.s.tables["identities"].number(o.cur, "user_id")
			b = append(append(append(b, '"'), e.base...), "/api/v2/users/"...)
			b = append(strconv.AppendUint(b, user, 10), "/identities/"...)
			return append(strconv.AppendUint(b, o.id, 10), `.json"`...)
		}},
		idColumn(), fixed("user_id", ref, "null"), kept("type", text, `"email"`), kept("value", text, "null"), kept("verified", flag, "false"),
		kept("primary", flag, "false"), createdColumn(), updatedColumn(), fixed("undeliverable_count", whole, "0"), fixed("deliverable_state", text, `"deliverable"`),
	}
}

func organizationColumns() []column {
	return []column{
		urlColumn("organizations"), idColumn(), kept("name", text, "null"), kept("shared_tickets", flag, "false"), kept("shared_comments", flag, "false"),
		kept("external_id", text, "null"), createdColumn(), updatedColumn(), kept("domain_names", texts, "[]"), kept("details", text, "null"),
		kept("notes", text, "null"), kept("group_id", ref, "null"), kept("tags", texts, "[]"), customsColumn("organization_fields", "organization_fields"),
		{name: "deleted_at", fixed: true, exported: true, show: func(_ *encoder, o *row, b []byte) []byte {
			if o.cur.deleted == 0 {
				return append(b, "null"...)
			}
			return appendInstant(b, o.cur.deleted)
		}},
	}
}

func membershipColumns() []column {
	return []column{
		urlColumn("organization_memberships"), idColumn(), kept("user_id", ref, "null"), kept("organization_id", ref, "null"), kept("default", flag, "null"),
		createdColumn(), {name: "organization_name", fixed: true, show: func(e *encoder, o *row, b []byte) []byte {
			orgs := e.s.tables["organizations"]
			org := orgs.rows[e.s.tables["organization_memberships"].number(o.cur, "organization_id")]
			if org == nil {
				return append(b, "null"...)
			}
			return append(b, org.cur.get(orgs.slot("name"))...)
		}},
		updatedColumn(), kept("view_tickets", flag, "true"),
	}
}

func ticketColumns() []column {
	return []column{
		urlColumn("tickets"), idColumn(), kept("external_id", text, "null"), kept("via", anything, `{"channel":"api","source":{"from":{},"to":{},"rel":null}}`),
		createdColumn(), updatedColumn(),
		{name: "generated_timestamp", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte { return strconv.AppendInt(b, o.cur.stamp, 10) }},
		kept("type", text, "null"), kept("subject", text, "null"), kept("raw_subject", text, "null"), kept("description", text, "null"),
		kept("priority", text, "null"), kept("status", text, `"new"`), kept("recipient", text, "null"), kept("requester_id", ref, "null"),
		kept("submitter_id", ref, "null"), kept("assignee_id", ref, "null"), kept("organization_id", ref, "null"), kept("group_id", ref, "null"),
		kept("collaborator_ids", refs, "[]"), kept("follower_ids", refs, "[]"), kept("email_cc_ids", refs, "[]"), fixed("forum_topic_id", ref, "null"),
		kept("problem_id", ref, "null"), fixed("has_incidents", flag, "false"), fixed("is_public", flag, "true"), kept("due_at", when, "null"),
		kept("tags", texts, "[]"), customListColumn("custom_fields"), fixed("satisfaction_rating", anything, `{"score":"unoffered"}`),
		fixed("sharing_agreement_ids", refs, "[]"), kept("custom_status_id", ref, "null"),
		{name: "encoded_id", fixed: true, show: encodedID}, customListColumn("fields"), fixed("followup_ids", refs, "[]"),
		kept("ticket_form_id", ref, "null"), kept("brand_id", ref, "null"), constant("allow_channelback", "false"), constant("allow_attachments", "true"),
		constant("from_messaging_channel", "false"),
	}
}

// encodedID is the code in the subject of mails; it is made of the ticket's id and stays the same.
func encodedID(_ *encoder, o *row, b []byte) []byte {
	const letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	n := o.id * 0x9e3779b97f4a7c15
	b = append(b, '"')
	for i := range 11 {
		if i == 6 {
			b = append(b, '-')
		}
		b = append(b, letters[n%uint64(len(letters))])
		n /= uint64(len(letters))
	}
	return append(b, '"')
}

func commentColumns() []column {
	return []column{
		idColumn(), fixed("type", text, `"Comment"`), fixed("author_id", ref, "null"), kept("body", text, `""`),
		fixed("html_body", text, `""`), fixed("plain_body", text, `""`), kept("public", flag, "true"), constant("attachments", "[]"),
		fixed("audit_id", ref, "null"), kept("via", anything, `{"channel":"api","source":{"from":{},"to":{},"rel":null}}`), createdColumn(),
		constant("metadata", `{"system":{},"custom":{}}`), {name: "ticket_id", kind: ref, fixed: true, exported: true},
	}
}

func groupColumns() []column {
	return []column{
		urlColumn("groups"), idColumn(), kept("is_public", flag, "true"), kept("name", text, "null"), kept("description", text, `""`),
		fixed("default", flag, "false"), {name: "deleted", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte {
			return strconv.AppendBool(b, o.cur.state != live)
		}},
		createdColumn(), updatedColumn(),
	}
}

func ratingColumns() []column {
	return []column{
		urlColumn("satisfaction_ratings"), idColumn(), fixed("assignee_id", ref, "null"), fixed("group_id", ref, "null"), fixed("requester_id", ref, "null"),
		fixed("ticket_id", ref, "null"), kept("score", text, `"offered"`), createdColumn(), updatedColumn(), kept("comment", text, "null"),
		kept("reason", text, ""), kept("reason_id", ref, ""), kept("reason_code", whole, ""),
	}
}

func ticketFieldColumns() []column {
	return []column{
		urlColumn("ticket_fields"), idColumn(), kept("type", text, `"text"`), kept("title", text, "null"), kept("raw_title", text, "null"),
		kept("description", text, `""`), kept("raw_description", text, `""`), kept("position", whole, "9999"), kept("active", flag, "true"),
		kept("required", flag, "false"), kept("collapsed_for_agents", flag, "false"), kept("regexp_for_validation", text, "null"),
		kept("title_in_portal", text, `""`), kept("raw_title_in_portal", text, `""`), kept("visible_in_portal", flag, "false"),
		kept("editable_in_portal", flag, "false"), kept("required_in_portal", flag, "false"), kept("tag", text, "null"), createdColumn(), updatedColumn(),
		kept("system_field_options", anything, ""), kept("custom_statuses", anything, ""), kept("custom_field_options", anything, ""),
		kept("removable", flag, "true"), kept("key", text, "null"), kept("agent_description", text, "null"), kept("sub_type_id", whole, ""),
	}
}

func ticketFormColumns() []column {
	return []column{
		idColumn(), urlColumn("ticket_forms"), kept("name", text, "null"), kept("raw_name", text, "null"), kept("display_name", text, "null"),
		kept("raw_display_name", text, "null"), kept("end_user_visible", flag, "true"), kept("position", whole, "1"), kept("ticket_field_ids", refs, "[]"),
		kept("active", flag, "true"), kept("default", flag, "false"), createdColumn(), updatedColumn(), kept("in_all_brands", flag, "true"),
		kept("restricted_brand_ids", refs, "[]"), kept("end_user_conditions", anything, "[]"), kept("agent_conditions", anything, "[]"),
	}
}

func customStatusColumns() []column {
	return []column{
		urlColumn("custom_statuses"), idColumn(), kept("status_category", text, `"open"`), kept("agent_label", text, "null"), kept("raw_agent_label", text, "null"),
		kept("end_user_label", text, "null"), kept("raw_end_user_label", text, "null"), kept("description", text, `""`), kept("raw_description", text, `""`),
		kept("end_user_description", text, `""`), kept("raw_end_user_description", text, `""`), kept("active", flag, "true"), kept("default", flag, "false"),
		createdColumn(), updatedColumn(),
	}
}

func fieldColumns(plural string) []column {
	return []column{
		urlColumn(plural), idColumn(), kept("type", text, `"text"`), kept("key", text, "null"), kept("title", text, "null"), kept("description", text, `""`),
		kept("raw_title", text, "null"), kept("raw_description", text, `""`), kept("position", whole, "0"), kept("active", flag, "true"),
		fixed("system", flag, "false"), kept("regexp_for_validation", text, "null"), createdColumn(), updatedColumn(),
		kept("custom_field_options", anything, ""), kept("tag", text, ""), kept("relationship_target_type", text, ""), kept("relationship_filter", anything, ""),
	}
}

func brandColumns() []column {
	return []column{
		urlColumn("brands"), idColumn(), kept("name", text, "null"), kept("brand_url", text, "null"), kept("subdomain", text, "null"),
		kept("host_mapping", text, "null"), kept("has_help_center", flag, "false"), fixed("help_center_state", text, `"disabled"`), kept("active", flag, "true"),
		kept("default", flag, "false"), {name: "is_deleted", fixed: true, show: func(_ *encoder, o *row, b []byte) []byte {
			return strconv.AppendBool(b, o.cur.state != live)
		}},
		fixed("logo", anything, "null"), kept("ticket_form_ids", refs, "[]"), kept("signature_template", text, "null"), createdColumn(), updatedColumn(),
	}
}
