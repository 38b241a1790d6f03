package lifecycle

import (
	"slices"
	"strings"
	"time"
)

// DefaultActive is how long after a purchase a customer counts as active unless Settings.Active says otherwise.
const DefaultActive = 365 * 24 * time.Hour

// Settings are what a team decides. The zero value is the built-in one; nil is not valid. They do not change.
type Settings struct {
	Own      map[string]int               // stages of the team's own, with their rank
	Words    map[string]map[string]string // connection → folded word → stage
	Statuses map[string]map[string]string // connection → folded lead status → stage
	Score    float64                      // a lead score that makes an mql; 0 = none does
	Active   time.Duration                // see DefaultActive
	Churn    time.Duration                // a customer who bought nothing for so long is a former one; 0 = never
	// Requesters are the connections whose tickets are opened by customers only, so that a ticket proves one.
	Requesters []string
	// Outreach makes an outbound call or meeting with somebody who has an owner an sql; Inbound makes a mail from
	// outside a lead. Both depend on how a team works, so both are off.
	Outreach, Inbound bool
	Zone              *time.Location // in which days are counted; nil = UTC
	// StageKinds overrides the kind of pipeline stages: connection → id of the stage → kind.
	StageKinds map[string]map[string]string
	version    string
	named      []named // connections the file names
}

// Version names the settings; states have to be derived anew when it changes. It is "" for settings that Load did not
// make.
func (s *Settings) Version() string { return s.version }

// Ages reports whether states change by the passing of time alone.
func (s *Settings) Ages() bool { return s.Churn > 0 }

// Proves reports whether a ticket of a connection proves a customer.
func (s *Settings) Proves(ref string) bool {
	connection, _, _ := strings.Cut(ref, "/")
	return slices.Contains(s.Requesters, connection)
}

func (s *Settings) active() time.Duration {
	if s.Active > 0 {
		return s.Active
	}
	return DefaultActive
}

func (s *Settings) day(t time.Time) string {
	if s.Zone != nil {
		return t.In(s.Zone).Format(time.DateOnly)
	}
	return t.UTC().Format(time.DateOnly)
}
