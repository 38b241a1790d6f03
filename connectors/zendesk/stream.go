package zendesk

import (
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// The names of the streams, which are also the objects of their records.
const (
	usersStream         = "users"
	agentsStream        = "agents"
	organizationsStream = "organizations"
	membershipsStream   = "organization_memberships"
	ticketsStream       = "tickets"
	commentsStream      = "ticket_comments"
	ratingsStream       = "satisfaction_ratings"
	pipelinesStream     = "ticket_pipelines"
	eventsStream        = "ticket_events"
)

// stream is one stream and how it is read.
type stream struct {
	name     string
	help     string
	phases   []phase
	snapshot bool
	every    time.Duration // 0 = the router's default
	sweep    time.Duration // 0 = none
	asked    bool          // only read when `streams` names it
}

// The suggested intervals. An export may be asked ten times a minute, by all apps of the account together, and a sweep
// reads a whole stream.
const (
	often  = 2 * time.Minute
	seldom = 5 * time.Minute
	hourly = time.Hour
	weekly = 7 * 24 * time.Hour
)

// streams are in the order in which they are listed: what others refer to comes first.
var streams = []stream{
	{name: agentsStream, help: "Agents and administrators, suspended and deleted ones included.", phases: []phase{listing}, snapshot: true, every: hourly},
	{name: pipelinesStream, help: "The statuses a ticket can have, custom ones included, with ticket forms and fields.", phases: []phase{listing}, snapshot: true, every: hourly},
	{name: organizationsStream, help: "Organizations.", phases: []phase{timing, tied}, every: seldom, sweep: weekly},
	{name: usersStream, help: "End users, with all their addresses; agents come along and are filtered by a rule.", phases: []phase{exporting}, every: often, sweep: weekly},
	{name: membershipsStream, help: "The further organizations of end users.", phases: []phase{listing}, snapshot: true, every: hourly},
	{name: ticketsStream, help: "Tickets, archived ones included, with their metrics.", phases: []phase{exporting}, sweep: weekly},
	{name: eventsStream, help: "What became of the status, assignee, group and priority of tickets, and when; only read when `streams` names it.", phases: []phase{timing, auditing}, every: seldom, asked: true},
	{name: commentsStream, help: "Comments of tickets that changed; a request for each ticket.", phases: []phase{commenting}, every: often},
	{name: ratingsStream, help: "Satisfaction ratings.", phases: []phase{listing}, every: hourly, sweep: weekly},
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
