package activecampaigntest

import "github.com/tidwall/gjson"

// object is a kind of object: what it is called, and the members of a row in their order, with what they hold when
// nothing is said. The members are those of recorded answers (2020); contactLists, campaigns, messages, automations and
// contactAutomations were not recorded and are those of the published examples.
type object struct {
	plural, one, class string
	made, changed      []string // stamps with the zone
	plainMade, plain   []string // stamps without it
	links              []string
	number             bool // meta.total is a number
	template           string
}

var objects = []object{
	{plural: "contacts", one: "contact", class: "Contact", made: []string{"cdate"}, changed: []string{"udate"},
		plainMade: []string{"created_utc_timestamp", "created_timestamp"}, plain: []string{"updated_utc_timestamp", "updated_timestamp"},
		links: []string{"bounceLogs", "contactAutomations", "contactData", "contactGoals", "contactLists", "contactLogs", "contactTags", "contactDeals", "deals",
			"fieldValues", "geoIps", "notes", "organization", "plusAppend", "trackingLogs", "scoreValues", "accountContacts", "automationEntryCounts"},
		template: `{"cdate":null,"email":"","phone":"","firstName":"","lastName":"","orgid":"0","orgname":"","segmentio_id":"","bounced_hard":"0","bounced_soft":"0",
"bounced_date":null,"ip":"0","ua":null,"hash":"","socialdata_lastcheck":null,"email_local":"","email_domain":"","sentcnt":"0","rating_tstamp":null,"gravatar":"0",
"deleted":"0","anonymized":"0","adate":null,"udate":null,"edate":null,"deleted_at":null,"created_utc_timestamp":null,"updated_utc_timestamp":null,
"created_timestamp":null,"updated_timestamp":null,"created_by":null,"updated_by":null,"email_empty":"0","scoreValues":[],"accountContacts":[],"links":{},"id":"","organization":null}`},
	{plural: "contactLists", one: "contactList", class: "SubscriberList", made: []string{"sdate"}, changed: []string{"udate"},
		plainMade: []string{"created_timestamp"}, plain: []string{"updated_timestamp"},
		links: []string{"automation", "list", "contact", "form", "autosyncLog", "campaign", "unsubscribeAutomation", "message"},
		template: `{"contact":"","list":"","form":null,"seriesid":"0","sdate":null,"udate":null,"status":"1","responder":"1","sync":"0","unsubreason":null,"campaign":null,
"message":null,"first_name":"","last_name":"","ip4Sub":"0","sourceid":"0","autosyncLog":null,"ip4_last":"0","ip4Unsub":"0","created_timestamp":null,
"updated_timestamp":null,"created_by":null,"updated_by":null,"unsubscribeAutomation":null,"links":{},"id":"","automation":null}`},
	{plural: "lists", one: "list", class: "List", made: []string{"cdate"}, changed: []string{"udate"}, plainMade: []string{"created_timestamp"}, plain: []string{"updated_timestamp"},
		links: []string{"contactGoalLists", "user", "addressLists"},
		template: `{"stringid":"","userid":"1","name":"","cdate":null,"p_use_tracking":"1","p_use_analytics_read":"0","p_use_analytics_link":"0","p_use_twitter":"0",
"p_use_facebook":"0","p_embed_image":"1","p_use_captcha":"1","send_last_broadcast":"0","private":"0","analytics_domains":null,"analytics_source":"","analytics_ua":"",
"twitter_token":"","twitter_token_secret":"","facebook_session":null,"carboncopy":null,"subscription_notify":null,"unsubscription_notify":null,"require_name":"0",
"get_unsubscribe_reason":"0","to_name":"Subscriber","optinoptout":"1","sender_name":"","sender_addr1":"","sender_addr2":"","sender_city":"","sender_state":"",
"sender_zip":"","sender_country":"","sender_phone":"","sender_url":"","sender_reminder":"","fulladdress":null,"optinmessageid":"0","optoutconf":"0","deletestamp":null,
"udate":null,"created_timestamp":null,"updated_timestamp":null,"created_by":null,"updated_by":null,"links":{},"id":"","user":null}`},
	{plural: "tags", one: "tag", class: "Tag", made: []string{"cdate"}, plainMade: []string{"created_timestamp"}, plain: []string{"updated_timestamp"}, links: []string{"contactGoalTags"},
		template: `{"tagType":"contact","tag":"","description":"","subscriber_count":"0","cdate":null,"created_timestamp":null,"updated_timestamp":null,"created_by":null,
"updated_by":null,"links":{},"id":""}`},
	{plural: "contactTags", one: "contactTag", class: "SubscriberTag", made: []string{"cdate"}, plainMade: []string{"created_timestamp"}, plain: []string{"updated_timestamp"},
		links:    []string{"tag", "contact"},
		template: `{"contact":"","tag":"","cdate":null,"created_timestamp":null,"updated_timestamp":null,"created_by":null,"updated_by":null,"links":{},"id":""}`},
	{plural: "fields", one: "field", class: "Field", made: []string{"cdate"}, changed: []string{"udate"}, plainMade: []string{"created_timestamp"}, plain: []string{"updated_timestamp"},
		links: []string{"options", "relations"},
		template: `{"title":"","descript":null,"type":"text","isrequired":"0","perstag":"","defval":null,"show_in_list":"0","rows":"0","cols":"0","visible":"1","service":"",
"ordernum":"1","cdate":null,"udate":null,"created_timestamp":null,"updated_timestamp":null,"created_by":null,"updated_by":null,"options":[],"relations":[],"links":{},"id":""}`},
	{plural: "fieldValues", one: "fieldValue", class: "FieldValue", made: []string{"cdate"}, changed: []string{"udate"}, links: []string{"owner", "field"},
		template: `{"contact":"","field":"","value":"","cdate":null,"udate":null,"created_by":null,"updated_by":null,"links":{},"id":"","owner":""}`},
	{plural: "accounts", one: "account", class: "CustomerAccount", made: []string{"createdTimestamp"}, changed: []string{"updatedTimestamp"},
		links:    []string{"notes", "accountCustomFieldData", "accountContacts", "emailActivities", "contactEmails"},
		template: `{"name":"","accountUrl":null,"createdTimestamp":null,"updatedTimestamp":null,"contactCount":"0","dealCount":"0","links":{},"id":""}`},
	{plural: "accountContacts", one: "accountContact", class: "CustomerAccountSubscriber", made: []string{"createdTimestamp"}, changed: []string{"updatedTimestamp"},
		links: []string{"account", "contact"}, template: `{"account":"","contact":"","jobTitle":null,"createdTimestamp":null,"updatedTimestamp":null,"links":{},"id":""}`},
	{plural: "deals", one: "deal", class: "Deal", made: []string{"cdate"}, changed: []string{"mdate"}, number: true,
		links: []string{"dealActivities", "contact", "contactDeals", "group", "nextTask", "notes", "account", "customerAccount", "organization", "owner", "scoreValues", "stage",
			"tasks", "dealCustomFieldData"},
		template: `{"hash":"","owner":"1","contact":null,"organization":null,"group":"1","stage":"1","title":"","description":"","percent":"0","cdate":null,"mdate":null,"nextdate":null,
"nexttaskid":null,"value":"0","currency":"usd","winProbability":null,"winProbabilityMdate":null,"status":"0","activitycount":"1","nextdealid":null,"edate":null,"links":{},
"id":"","isDisabled":false,"account":null,"customerAccount":null}`},
	{plural: "dealGroups", one: "dealGroup", class: "DealGroup", made: []string{"cdate"}, changed: []string{"udate"},
		links: []string{"stages", "dealGroupUsers", "dealGroupGroups", "winProbabilityFeatures"},
		template: `{"title":"","currency":"usd","autoassign":"1","allusers":"1","allgroups":"1","win_probability_initialize_date":null,"cdate":null,"udate":null,"stages":[],
"links":{},"id":""}`},
	{plural: "dealStages", one: "dealStage", class: "DealStage", made: []string{"cdate"}, changed: []string{"udate"}, links: []string{"group"},
		template: `{"group":"","title":"","color":"18D499","order":"1","width":"280","dealOrder":"next-action DESC","cardRegion1":"title","cardRegion2":"next-action",
"cardRegion3":"show-avatar","cardRegion4":"contact-fullname-acctname","cardRegion5":"value","cdate":null,"udate":null,"links":{},"id":""}`},
	{plural: "users", one: "user", class: "User", made: []string{"cdate"}, changed: []string{"udate"},
		links: []string{"lists", "userGroup", "dealGroupTotals", "dealGroupUsers", "configs", "dealConnection", "userConversationsPermission", "seatUser"},
		template: `{"username":"","firstName":"","lastName":"","email":"","phone":"","signature":null,"localZoneid":"America/New_York",
"password_updated_utc_timestamp":"0000-00-00 00:00:00","cdate":null,"udate":null,"mfaEnabled":"0","links":{},"id":""}`},
	{plural: "campaigns", one: "campaign", class: "Campaign", made: []string{"cdate"}, changed: []string{"mdate"},
		links: []string{"user", "automation", "campaignMessage", "campaignMessages", "links", "campaignLists"},
		template: `{"type":"single","userid":"1","segmentid":"0","seriesid":"0","formid":"0","source":"web","name":"","cdate":null,"mdate":null,"sdate":null,"ldate":null,
"send_amt":"0","total_amt":"0","opens":"0","uniqueopens":"0","linkclicks":"0","uniquelinkclicks":"0","subscriberclicks":"0","forwards":"0","uniqueforwards":"0",
"hardbounces":"0","softbounces":"0","unsubscribes":"0","unsubreasons":"0","updates":"0","socialshares":"0","replies":"0","uniquereplies":"0","status":"0","public":"1",
"deletestamp":null,"links":{},"id":"","user":"1","automation":null}`},
	{plural: "messages", one: "message", class: "Message", made: []string{"cdate"}, changed: []string{"mdate"}, links: []string{"user"},
		template: `{"userid":"1","ed_instanceid":"0","ed_version":"1","cdate":null,"mdate":null,"name":"","fromname":"","fromemail":"","reply2":"","priority":"3","charset":"utf-8",
"encoding":"quoted-printable","format":"mime","subject":"","preheader_text":"","text":"","html":"","htmlfetch":"now","textfetch":"now","hidden":"0","preview_mime":"",
"preview_data":null,"links":{},"id":"","user":"1"}`},
	{plural: "automations", one: "automation", class: "Automation", made: []string{"cdate"}, changed: []string{"mdate"},
		links:    []string{"campaigns", "contactGoals", "contactAutomations", "blocks", "goals", "sms", "sitemessages"},
		template: `{"name":"","cdate":null,"mdate":null,"userid":"1","status":"1","entered":"0","exited":"0","hidden":"0","defaultscreenshot":"","links":{},"id":""}`},
	{plural: "contactAutomations", one: "contactAutomation", class: "SubscriberSeries", made: []string{"adddate"}, changed: []string{"lastdate"},
		links: []string{"automation", "contact", "contactGoals"},
		template: `{"contact":"","seriesid":"","startid":"0","status":"1","batchid":null,"adddate":null,"remdate":null,"timespan":"0","lastblock":"1","lastlogid":"0",
"lastdate":null,"completedElements":"0","totalElements":"1","completed":0,"completeValue":0,"links":{},"id":"","automation":""}`},
}

// members returns the names of a row's members in their order, and what they hold at first.
func (o *object) members() (names []string, values map[string]string) {
	values = map[string]string{}
	gjson.Parse(o.template).ForEach(func(k, v gjson.Result) bool {
		names = append(names, k.Str)
		values[k.Str] = v.Raw
		return true
	})
	return names, values
}
