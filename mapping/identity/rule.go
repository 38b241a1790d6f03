package identity

// Rule names what decided which claim survives, and what another one lost to.
type Rule uint8

// The rules of survivorship. A field's rules are tried in order; each keeps the best claims and leaves the rest to the
// next. Those from LastUpdated to MostRestrictive can be configured.
const (
	Only            Rule = iota + 1 // one source says something
	Agreed                          // all sources say the same
	Manual                          // a person's word; first of all
	OwnerSource                     // the source that owns the field
	NotHeard                        // not one of the sources that are heard for the field; only ever lost to
	Emptied                         // a newer record of the same account says that it is empty; only ever lost to
	LastUpdated                     // newest
	SourceSequence                  // the best source, by the order of sources
	MostFrequent                    // what most records say
	MostComplete                    // most parts, elements or, of a single value, claims of its record
	Longest                         // most characters
	Max                             // greatest number, latest time, highest step of a ladder
	Min                             // smallest number, earliest time, lowest step of a ladder
	Verified                        // a list with an element that the source has proof of
	Union                           // a list: what all sources say that are left
	MostRestrictive                 // of consents: the one that allows least
	Filled                          // a part of a name that the source of the rest does not know
	SmallestRef                     // nothing else decided
	Kept                            // an opt-out that its record does not say any more and that nobody lifted
)

// rules has the name of each rule in files and output, and in words.
var rules = [...]struct{ name, words string }{
	Only:            {"only", "no other source says anything"},
	Agreed:          {"agreed", "all sources say the same"},
	Manual:          {"manual", "a person set it"},
	OwnerSource:     {"owner", "the field belongs to this source"},
	NotHeard:        {"not_heard", "this source is not heard for the field"},
	Emptied:         {"emptied", "a newer record of the same account says that it is empty"},
	LastUpdated:     {"last_updated", "the newest record that says something"},
	SourceSequence:  {"source_sequence", "the first source in the order of sources"},
	MostFrequent:    {"most_frequent", "what most records say"},
	MostComplete:    {"most_complete", "the most complete one"},
	Longest:         {"longest", "the longest one"},
	Max:             {"max", "the greatest one"},
	Min:             {"min", "the smallest one"},
	Verified:        {"verified", "the source has proof of it"},
	Union:           {"union", "what all sources say together"},
	MostRestrictive: {"most_restrictive", "the claim that allows least"},
	Filled:          {"filled", "a part of the name that its source does not know, from another one"},
	SmallestRef:     {"smallest_ref", "nothing else decided; the smallest reference"},
	Kept:            {"kept", "an opt-out stays until the same source or a person lifts it"},
}

// String returns the rule's name, as configuration and machine output have it: `last_updated`.
func (r Rule) String() string {
	if int(r) < len(rules) {
		return rules[r].name
	}
	return ""
}

// Words returns the rule in words, as `customer why` shows it to people.
func (r Rule) Words() string {
	if int(r) < len(rules) {
		return rules[r].words
	}
	return ""
}

// writable are the rules that a file may list.
var writable = []Rule{Manual, OwnerSource, Verified, LastUpdated, SourceSequence, MostFrequent, MostComplete, Longest, Max, Min, Union}

func ruleOf(name string) Rule {
	for _, r := range writable {
		if r.String() == name {
			return r
		}
	}
	return 0
}
