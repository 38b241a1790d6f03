package mailchimp

import (
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The names of the streams, which are also the objects of their records.
const (
	listsStream     = "lists"
	segmentsStream  = "segments"
	interestsStream = "interests"
	membersStream   = "members"
	campaignsStream = "campaigns"
	activityStream  = "email_activity"
	// memberships is no stream: its records come along with the members.
	memberships = "memberships"
)

// stream is one stream and how it is read.
type stream struct {
	name     string
	help     string
	phases   []phase
	snapshot bool
	every    time.Duration // 0 = the router's default
	sweep    time.Duration // 0 = none
	along    []string
}

// The suggested intervals. A poll of members costs two requests for each audience, one of activity a request for each
// campaign that something happened to.
const (
	often  = 2 * time.Minute
	seldom = 10 * time.Minute
	hourly = time.Hour
	weekly = 7 * 24 * time.Hour
)

// streams are in the order in which they are listed: what others refer to comes first.
var streams = []stream{
	{name: listsStream, help: "Audiences.", phases: []phase{listing}, snapshot: true, every: hourly},
	{name: segmentsStream, help: "Segments of audiences, and tags, which Mailchimp keeps as static segments.", phases: []phase{perList}, snapshot: true, every: hourly},
	{name: interestsStream, help: "Interests that members can choose, with their categories.", phases: []phase{perList, perCategory}, snapshot: true, every: hourly},
	{name: membersStream, help: "Members of audiences in every status, archived ones included; their memberships (`memberships`) come along.",
		phases: []phase{present, archived, waiting}, every: often, sweep: weekly, along: []string{memberships}},
	{name: campaignsStream, help: "Campaigns, with their reports.", phases: []phase{listing}, snapshot: true, every: hourly},
	{name: activityStream, help: "Opens, clicks and bounces of the campaigns of the last `activity_days`.", phases: []phase{visiting, waiting}, every: seldom},
}

func streamNames() (names []string) {
	for _, s := range streams {
		names = append(names, s.name)
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
