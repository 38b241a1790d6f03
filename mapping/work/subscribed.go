package work

import "github.com/millrace/millrace/mapping/canonical"

// subscribed is the member of a person that says whether one may send it e-mail: Yes, No or Pending, "" when nobody knows.
const subscribed = "subscribed"

// hasConsents reports whether entities of a kind agree to be sent something.
func hasConsents(k canonical.Kind) bool { return k == canonical.Person }

// subscribedOf reads what a person agreed to, by the words that people read.
func subscribedOf(e *Entity) string {
	switch canonical.Subscribed(e.Golden.Get("consents")) {
	case canonical.Allowed:
		return "Yes"
	case canonical.Refused:
		return "No"
	case canonical.Awaited:
		return "Pending"
	}
	return ""
}
