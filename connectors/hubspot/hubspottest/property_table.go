package hubspottest

import "strings"

// standardProperties returns what an account has from the start. Each line of the tables below is
// "name type fieldType Label"; a type with brackets lists the options of an enumeration, and a leading ! marks a
// property that cannot be written.
func standardProperties(k kind) []property {
	system := []string{
		"!hs_object_id number number Record ID",
		"!" + k.created + " datetime date Create date",
		"!" + k.modified + " datetime date Last modified date",
		"!hs_merged_object_ids string text Merged record IDs",
		"hubspot_owner_id enumeration select Owner",
		"hs_all_owner_ids string text All owner IDs",
	}
	var out []property
	for _, line := range append(system, tables[k.plural]...) {
		p := parseProperty(line)
		p.GroupName = k.singular + "information"
		p.DisplayOrder = len(out)
		switch p.Name {
		case "hs_object_id":
			p.computed, p.HasUniqueValue = fromID, false
		case k.created:
			p.computed = fromCreated
		case k.modified:
			p.computed = fromModified
		case "email":
			p.HasUniqueValue = k.plural == "contacts"
		case "hubspot_owner_id", "pipeline", "dealstage", "hs_pipeline", "hs_pipeline_stage":
			p.External = true
		}
		out = append(out, p)
	}
	return out
}

func parseProperty(line string) property {
	readOnly := strings.HasPrefix(line, "!")
	parts := strings.SplitN(strings.TrimPrefix(line, "!"), " ", 4)
	p := property{
		Name: parts[0], Type: parts[1], FieldType: parts[2], Label: parts[3], Description: parts[3] + ".", Options: []option{},
		Defined: true, Modification: access{ReadOnlyDefinition: true, ReadOnlyValue: readOnly}, Sensitivity: "non_sensitive",
		FormField: !readOnly, CreatedAt: "2019-08-06T02:41:08.204Z", UpdatedAt: "2024-09-12T14:20:30.071Z",
	}
	if name, list, ok := strings.Cut(p.Type, "["); ok {
		p.Type = name
		for i, v := range strings.Split(strings.TrimSuffix(list, "]"), "|") {
			p.Options = append(p.Options, option{Label: v, Value: v, DisplayOrder: i})
		}
	}
	return p
}

var tables = map[string][]string{
	"contacts": {
		"email string text Email", "firstname string text First name", "lastname string text Last name",
		"phone string phonenumber Phone number", "mobilephone string phonenumber Mobile phone number", "company string text Company name",
		"website string text Website URL", "jobtitle string text Job title", "salutation string text Salutation",
		"address string text Street address", "city string text City", "state string text State", "zip string text Postal code", "country string text Country",
		"hs_language string text Preferred language", "date_of_birth string text Date of birth", "fax string text Fax number",
		"lifecyclestage enumeration[subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|evangelist|other] radio Lifecycle stage",
		"hs_lead_status enumeration[NEW|OPEN|IN_PROGRESS|OPEN_DEAL|UNQUALIFIED|ATTEMPTED_TO_CONTACT|CONNECTED|BAD_TIMING] radio Lead status",
		"associatedcompanyid number number Primary associated company ID",
		"hs_email_optout bool booleancheckbox Unsubscribed from all email", "hs_additional_emails string textarea Additional email addresses",
		"hs_analytics_source enumeration[ORGANIC_SEARCH|PAID_SEARCH|EMAIL_MARKETING|SOCIAL_MEDIA|REFERRALS|OTHER_CAMPAIGNS|DIRECT_TRAFFIC|OFFLINE|PAID_SOCIAL] select Original source",
		"industry string text Industry", "numemployees string text Number of employees", "annualrevenue string text Annual revenue", "message string textarea Message",
		"notes_last_contacted datetime date Last contacted", "num_notes number number Number of sales activities", "closedate datetime date Close date",
		"hubspotscore number number HubSpot score", "twitterhandle string text Twitter username",
		"!hs_calculated_merged_vids string text Merged record IDs with timestamps", "!hs_email_domain string text Email domain",
		"!hs_full_name_or_email string text Full name or email", "!hs_is_contact bool booleancheckbox Is a contact", "!hs_all_contact_vids string text All record IDs",
	},
	"companies": {
		"name string text Company name", "domain string text Company domain name", "website string text Website URL", "phone string phonenumber Phone number",
		"industry string text Industry", "description string textarea Description", "numberofemployees number number Number of employees", "annualrevenue number number Annual revenue",
		"address string text Street address", "address2 string text Street address 2", "city string text City", "state string text State", "zip string text Postal code", "country string text Country",
		"timezone string text Time zone", "founded_year string text Year founded", "hs_additional_domains string text Additional domains", "linkedin_company_page string text LinkedIn page",
		"lifecyclestage enumeration[subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|evangelist|other] radio Lifecycle stage",
		"hs_lead_status enumeration[NEW|OPEN|IN_PROGRESS|OPEN_DEAL|UNQUALIFIED] radio Lead status", "facebookfans number number Facebook fans", "twitterhandle string text Twitter handle",
		"type enumeration[PROSPECT|PARTNER|RESELLER|VENDOR|OTHER] radio Type", "is_public bool booleancheckbox Is public", "hs_parent_company_id number number Parent company",
	},
	"deals": {
		"dealname string text Deal name", "amount number number Amount", "deal_currency_code enumeration[EUR|USD|GBP|JPY|CHF|CAD|AUD] select Currency",
		"pipeline enumeration select Pipeline", "dealstage enumeration radio Deal stage", "closedate datetime date Close date",
		"dealtype enumeration[newbusiness|existingbusiness] radio Deal type", "description string textarea Deal description", "hs_priority enumeration[low|medium|high] select Priority",
		"closed_lost_reason string textarea Closed lost reason", "closed_won_reason string textarea Closed won reason", "hs_forecast_amount number number Forecast amount",
		"hs_next_step string text Next step", "hs_manual_forecast_category string text Forecast category",
		"!hs_is_closed bool booleancheckbox Is closed", "!hs_is_closed_won bool booleancheckbox Is closed won", "!hs_deal_stage_probability number number Deal probability",
		"!hs_closed_amount number number Closed deal amount", "!num_associated_contacts number number Number of associated contacts",
	},
	"tickets": {
		"subject string text Ticket name", "content string textarea Ticket description", "hs_pipeline enumeration select Pipeline", "hs_pipeline_stage enumeration select Ticket status",
		"hs_ticket_priority enumeration[LOW|MEDIUM|HIGH|URGENT] select Priority", "hs_ticket_category enumeration[PRODUCT_ISSUE|BILLING_ISSUE|FEATURE_REQUEST|GENERAL_INQUIRY] checkbox Category",
		"source_type enumeration[CHAT|EMAIL|FORM|PHONE] select Source", "hs_resolution string textarea Resolution", "!closed_date datetime date Close date",
		"last_reply_date datetime date Last customer reply date", "first_agent_reply_date datetime date First agent response date",
	},
	"notes": {"hs_note_body string html Note body", "hs_timestamp datetime date Activity date", "hs_attachment_ids string text Attached file IDs"},
	"tasks": {
		"hs_task_subject string text Task title", "hs_task_body string html Task notes", "hs_timestamp datetime date Due date",
		"hs_task_status enumeration[NOT_STARTED|IN_PROGRESS|WAITING|COMPLETED|DEFERRED] select Status", "hs_task_priority enumeration[NONE|LOW|MEDIUM|HIGH] select Priority",
		"hs_task_type enumeration[TODO|CALL|EMAIL] select Type",
	},
}
