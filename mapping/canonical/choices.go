package canonical

// choices are the values that some Enum fields are limited to; every other Enum is open.
var choices = map[Kind]map[string][]string{
	Person: {
		"status":     {"active", "suspended", "blocked"},
		"name.order": {"given_first", "family_first"},
	},
	Organization: {
		"status": {"active", "suspended", "blocked"},
		"kind":   {"customer", "prospect", "partner", "reseller", "distributor", "supplier", "investor", "competitor", "other"},
	},
	Deal: {"status": {"open", "won", "lost"}},
	Ticket: {
		"status":   {"new", "open", "pending", "on_hold", "solved", "closed"},
		"priority": {"low", "normal", "high", "urgent"},
		"kind":     {"question", "incident", "problem", "task", "other"},
	},
	Pipeline: {"object": {"deal", "ticket"}},
	Interaction: {
		"kind": {"email", "call", "meeting", "note", "chat", "sms", "form_submission", "page_view", "download", "event_attendance",
			"purchase", "email_event", "ticket_comment", "survey_response", "review", "referral", "social", "ad_click", "bounce"},
		"event":      {"sent", "delivered", "open", "click", "bounce", "complaint", "unsubscribe"},
		"direction":  {"inbound", "outbound", "internal"},
		"visibility": {"public", "internal"},
	},
	Transaction: {
		"kind":               {"order", "invoice", "payment", "refund", "subscription_start", "renewal", "cancel"},
		"recurring.interval": {"day", "week", "month", "quarter", "year"},
	},
	Audience: {"kind": {"static", "dynamic"}},
	Consent: {
		"channel": {"email", "sms", "phone", "post", "ads"},
		"status":  {"opted_in", "pending", "opted_out", "never"},
	},
	Task: {
		"status":   {"open", "in_progress", "done", "cancelled"},
		"priority": {"low", "normal", "high", "urgent"},
	},
	Spend: {"kind": {"marketing", "sales"}},
}
