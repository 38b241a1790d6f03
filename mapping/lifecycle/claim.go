package lifecycle

import (
	"strings"
	"unicode"
)

// words are what the words of vendors mean. They are folded: letters and digits only, lower case. HubSpot's are the
// options that every portal begins with (https://knowledge.hubspot.com/records/use-lifecycle-stages), Salesforce's are
// the values of Account.Type that begin with Customer, Mailchimp's are a member's status, Pardot's its kinds of record.
var words = map[string]string{
	"visitor": Visitor, "anonymous": Visitor, "pending": Visitor,
	"subscriber": Subscriber, "subscribed": Subscriber,
	"lead": Lead, "inquiry": Lead,
	"prospect":               Prospect,
	"marketingqualifiedlead": MQL, "marketingqualified": MQL, "mql": MQL,
	"salesqualifiedlead": SQL, "salesqualified": SQL, "sql": SQL, "salesacceptedlead": SQL,
	"opportunity": Opportunity,
	"customer":    Customer, "client": Customer, "customerdirect": Customer, "customerchannel": Customer,
	"repeatcustomer": Repeat,
	"evangelist":     Advocate, "advocate": Advocate,
	"disqualified": Disqualified, "unqualified": Disqualified,
	"formercustomer": Former, "churned": Former,
	"partner": Partner, "reseller": Partner, "distributor": Partner, "channelpartnerreseller": Partner,
	"technologypartner": Partner,
	"other":             Other, "supplier": Other, "investor": Other, "competitor": Other,
}

// statuses are what lead statuses mean: those a Salesforce organization begins with, and the one of HubSpot that says
// something of the stage. Which others make a lead qualified is a team's own decision (Settings.Statuses).
var statuses = map[string]string{
	"opennotcontacted": Lead, "workingcontacted": Lead, "closedconverted": SQL, "closednotconverted": Disqualified,
	"converted": SQL, "unqualified": Disqualified, "disqualified": Disqualified,
}

// fold makes words comparable, however a vendor writes them: `Closed - Converted` is closedconverted.
func fold(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, word)
}

// Of returns the stage that a source's word for a stage means, or "" when nobody said: then it is shown as it is and
// moves nobody. ref is connection/object/id or the connection alone.
func (s *Settings) Of(ref, word string) string { return s.lookUp(s.Words, words, ref, word) }

// OfStatus is Of for a lead status.
func (s *Settings) OfStatus(ref, status string) string {
	return s.lookUp(s.Statuses, statuses, ref, status)
}

func (s *Settings) lookUp(own map[string]map[string]string, built map[string]string, ref, word string) string {
	connection, _, _ := strings.Cut(ref, "/")
	key := fold(word)
	for _, table := range []map[string]string{own[connection], own[AnyConnection], built} {
		if stage, ok := table[key]; ok {
			return stage
		}
	}
	for stage := range s.Own {
		if fold(stage) == key {
			return stage
		}
	}
	return ""
}

// AnyConnection is the name under which a table of words is meant for every connection.
const AnyConnection = "*"

// Between places a portal's options on the ladder by their order: one that no table knows comes between its known
// neighbours, evenly. It returns the rank of each such option, by its folded word; an option that has a known neighbour
// on neither side is left out, and so is one between neighbours that leave no rank free.
func (s *Settings) Between(connection string, options []string) map[string]int {
	out := map[string]int{}
	for i := 0; i < len(options); i++ {
		if s.Of(connection, options[i]) != "" {
			continue
		}
		end := i
		for end < len(options) && s.Of(connection, options[end]) == "" {
			end++
		}
		low, lowKnown := s.neighbour(connection, options[:i], true)
		high, highKnown := s.neighbour(connection, options[end:], false)
		if !lowKnown {
			low = -1
		}
		if !highKnown {
			high = min(low+10, MaxRank+1)
		}
		for n := i; n < end && (lowKnown || highKnown); n++ {
			if rank := low + (high-low)*(n-i+1)/(end-i+1); rank > low && rank < high {
				out[fold(options[n])] = rank
			}
		}
		i = end
	}
	return out
}

// neighbour returns the rank of the nearest option on the ladder, passing over those beside it.
func (s *Settings) neighbour(connection string, options []string, last bool) (int, bool) {
	for i := range options {
		at := i
		if last {
			at = len(options) - 1 - i
		}
		if rank, ok := s.Rank(s.Of(connection, options[at])); ok {
			return rank, true
		}
	}
	return 0, false
}
