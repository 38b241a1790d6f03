package activecampaign

import (
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The names of the streams. They are the vendor's paths, the names of the arrays in its answers and the objects of the
// records.
const (
	usersStream              = "users"
	dealGroupsStream         = "dealGroups"
	listsStream              = "lists"
	accountsStream           = "accounts"
	contactsStream           = "contacts"
	accountContactsStream    = "accountContacts"
	dealsStream              = "deals"
	campaignsStream          = "campaigns"
	messagesStream           = "messages"
	automationsStream        = "automations"
	contactAutomationsStream = "contactAutomations"
)

// memberships is no stream: its records come along with the contacts.
const memberships = "contactLists"

// stream is one stream and how it is read.
type stream struct {
	name     string
	one      string // what an answer with one of them calls it
	help     string
	snapshot bool
	every    time.Duration
	sweep    time.Duration // 0 = none
	asked    bool          // only read when `streams` names it
	fetched  bool          // Get fetches it by its id
	order    string        // the order that keeps rows in their places, where the document has one
	drop     []string      // members that are not kept, see README
}

// The suggested intervals. Five requests a second are 432,000 a day, for everything.
const (
	often  = 2 * time.Minute
	seldom = 5 * time.Minute
	hourly = time.Hour
	daily  = 24 * time.Hour
)

// streams are in the order in which they are listed: what others refer to comes first.
var streams = []stream{
	{name: usersStream, one: "user", help: "Users of the account, who own deals.", snapshot: true, every: hourly},
	{name: dealGroupsStream, one: "dealGroup", help: "Pipelines with their stages.", snapshot: true, every: hourly},
	{name: listsStream, one: "list", help: "Lists, which contacts subscribe to.", snapshot: true, every: hourly},
	{name: accountsStream, one: "account", help: "Accounts: the companies of contacts and deals.", snapshot: true, every: hourly, fetched: true, drop: []string{"contactCount", "dealCount"}},
	{name: contactsStream, one: "contact", help: "Contacts with their lists, tags and custom fields, and their memberships of lists.", every: seldom, sweep: daily, fetched: true},
	{name: accountContactsStream, one: "accountContact", help: "Which contact works at which account, with job titles.", snapshot: true, every: 6 * time.Hour, fetched: true},
	{name: dealsStream, one: "deal", help: "Deals.", every: often, sweep: daily, fetched: true, order: "orders[cdate]"},
	{name: campaignsStream, one: "campaign", help: "Campaigns with the sums of what was sent, opened and clicked.", snapshot: true, every: hourly},
	{name: messagesStream, one: "message", help: "The letters of campaigns, without their text; only read when `streams` names it.", snapshot: true, every: daily, asked: true,
		drop: []string{"html", "text", "preview_mime", "preview_data"}},
	{name: automationsStream, one: "automation", help: "Automations.", snapshot: true, every: hourly},
	{name: contactAutomationsStream, one: "contactAutomation", help: "Which contact is or was in which automation.", snapshot: true, every: daily},
}

func streamNames() (names []string) {
	for _, s := range streams {
		names = append(names, s.name)
	}
	return names
}

// usualStreams are those that are read when the configuration names none.
func usualStreams() (names []string) {
	for _, s := range streams {
		if !s.asked {
			names = append(names, s.name)
		}
	}
	return names
}

func streamDocs() (docs []connectors.StreamDoc) {
	for _, s := range streams {
		docs = append(docs, connectors.StreamDoc{Name: s.name, Help: s.help})
	}
	return docs
}

// findStream returns the stream of that name.
func findStream(name string) (stream, bool) {
	i := slices.IndexFunc(streams, func(s stream) bool { return s.name == name })
	if i < 0 {
		return stream{}, false
	}
	return streams[i], true
}
