package identity

// The spaces of keys.
const (
	RefSpace     = "ref"    // Value is a record's connection/object/id
	EmailSpace   = "email"  // an address of a person
	MailboxSpace = "box"    // an address of a person as its provider folds it, where that is wanted
	PhoneSpace   = "phone"  // a number in E.164
	IDSpace      = "id"     // scheme:value, of a public register or another system
	DomainSpace  = "domain" // a registrable domain of an organization
	NameSpace    = "name"   // a whole name with something that narrows it down: a birthday, a street, an employer, a place
	BlockSpace   = "block"  // what the scorer looks for candidates by
)

// Key is something under which records are found that could be the same customer.
type Key struct {
	Space, Value string
	// Strong keys are must-links: the source itself says that it is the same thing. A strong key of RefSpace also
	// joins the record that it names, which does not list itself.
	Strong bool
}

// RefKey returns the must-link to another record: the one a vendor merged this one into, for example.
func RefKey(ref string) Key { return Key{Space: RefSpace, Value: ref, Strong: true} }

func add(keys []Key, k Key) []Key {
	for _, old := range keys {
		if old == k {
			return keys
		}
	}
	return append(keys, k)
}

// shares reports whether both lists have a key of the space, and returns its value.
func shares(a, b []Key, space string) (string, bool) {
	for _, k := range a {
		if k.Space != space || k.Strong {
			continue
		}
		for _, o := range b {
			if o == k {
				return k.Value, true
			}
		}
	}
	return "", false
}
