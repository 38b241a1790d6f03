package hubspot

import "strings"

// object is one kind of CRM object.
type object struct {
	name     string // in paths, and the Object of Refs
	singular string // in webhook events and association types
	typeID   string // in webhook events; https://developers.hubspot.com/docs/guides/crm/understanding-the-crm
	modified string // the property that search filters by: contacts have their own
	scope    string // OAuth scope that reading needs
	to       []string
}

// objects are the kinds that are read. Each lists what its records are associated with; companies list nothing,
// because the other end of every link already does and a company may have hundreds of thousands of contacts.
var objects = []object{
	{"contacts", "contact", "0-1", "lastmodifieddate", "crm.objects.contacts.read", []string{"companies"}},
	{"companies", "company", "0-2", "hs_lastmodifieddate", "crm.objects.companies.read", nil},
	{"deals", "deal", "0-3", "hs_lastmodifieddate", "crm.objects.deals.read", []string{"companies", "contacts"}},
	{"tickets", "ticket", "0-5", "hs_lastmodifieddate", "tickets", []string{"companies", "contacts"}},
}

// The streams that are snapshots. Pipelines of deals and of tickets are two kinds of object because their ids are
// unique only within one: both may be called `default` or `0`.
const (
	ownersStream    = "owners"
	pipelinesPrefix = "pipelines_"
)

// findObject returns the object that has the name, the singular name or the type id, in any case.
func findObject(name string) (object, bool) {
	name = strings.ToLower(name)
	for _, o := range objects {
		if name == o.name || name == o.singular || name == o.typeID {
			return o, true
		}
	}
	return object{}, false
}

// version is an API version: a date, or v3, which has associations under v4.
type version string

const legacy version = "v3"

func (v version) objects(name string) string { return v.path("objects", name) }

func (v version) associations(from, to string) string {
	if v == legacy {
		return "/crm/v4/associations/" + from + "/" + to + "/batch/read"
	}
	return v.path("associations", from+"/"+to+"/batch/read")
}

func (v version) owners() string                { return strings.TrimSuffix(v.path("owners", ""), "/") }
func (v version) pipelines(name string) string  { return v.path("pipelines", name) }
func (v version) properties(name string) string { return v.path("properties", name) }
func (v version) account() string               { return "/account-info/" + string(v) + "/details" }

// path returns the date form /crm/objects/2026-09/contacts or the older /crm/v3/objects/contacts.
func (v version) path(area, rest string) string {
	if v == legacy {
		return "/crm/v3/" + area + "/" + rest
	}
	return "/crm/" + area + "/" + string(v) + "/" + rest
}
