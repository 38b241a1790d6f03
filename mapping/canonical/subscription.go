package canonical

import (
	"encoding/json"

	"github.com/tidwall/gjson"
)

// Subscription says whether somebody may be written to.
type Subscription string

// What is known of it. Only Allowed is a permission: who never said anything agreed to nothing.
const (
	Allowed  Subscription = "yes"     // about one topic at least
	Refused  Subscription = "no"      // nothing may be sent
	Awaited  Subscription = "pending" // asked, and not answered yet
	NotAsked Subscription = "unknown" // nobody says anything
)

// Subscribed says whether a person may be sent e-mail, by the consents of its golden record (a value of type
// Permissions, nil for none). It costs one pass over a short list. That an address bounces, and the person's
// do_not_contact, are other questions.
func Subscribed(consents json.RawMessage) Subscription { return Permitted(consents, "email") }

// Permitted says whether a person may be reached by a channel: email, sms, phone, post or ads. What is said of every topic
// (a blank one) restricts each of them.
func Permitted(consents json.RawMessage, channel string) Subscription {
	least, all := 0, 0 // ranks; 0 = nothing is said
	gjson.ParseBytes(consents).ForEach(func(_, e gjson.Result) bool {
		if e.Get("channel").Str != channel {
			return true
		}
		rank := Restriction(e.Get("status").Str)
		if least == 0 || rank < least {
			least = rank
		}
		if e.Get("topic").Str == "" {
			all = max(all, rank)
		}
		return true
	})
	switch max(least, all) {
	case 0:
		return NotAsked
	case allows:
		return Allowed
	case waits:
		return Awaited
	}
	return Refused
}

// Ranks of Restriction.
const (
	allows = 1 + iota
	waits
	Forbids // what has this rank or a greater one forbids, and is kept when its record is gone
	leaves
)

// Restriction ranks what the status of a consent allows; more is less. A word that is not known restricts like a
// permission that is waited for.
func Restriction(status string) int {
	switch status {
	case "opted_out", "unsubscribed", "complaint", "true":
		return leaves
	case "never":
		return Forbids
	case "opted_in", "subscribed", "false":
		return allows
	}
	return waits
}
