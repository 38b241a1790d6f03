package work

import (
	"maps"
	"strings"

	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/mapping/canonical"
)

// Label is a member that every entity has besides its catalogued fields: what one calls it.
const Label = "label"

// relation is a name that expressions of a kind can read besides the entity itself.
type relation struct {
	name  string
	kind  canonical.Kind // of the related entity
	field string         // the reference field; "" = the related ones refer to the entity
	shape shape
}

type shape uint8

const (
	one      shape = iota // the entity that the field refers to
	many                  // all entities that the field refers to
	first                 // the first of them
	stage                 // of the pipeline that the field refers to, the stage that the entity is in
	reverse               // all entities of the kind that refer to this one
	served                // the open ones of the kind that are the customer's of this one
	accounts              // the owner of the organization that the entity refers to
)

var relations = map[canonical.Kind][]relation{
	canonical.Deal: {
		{"organization", canonical.Organization, "organization", one},
		{"owner", canonical.Owner, "owner", one},
		{"pipeline", canonical.Pipeline, "pipeline", one},
		{"stage", canonical.Pipeline, "pipeline", stage},
		{"contacts", canonical.Person, "contacts", many},
		{"person", canonical.Person, "contacts", first},
		{"open_tickets", canonical.Ticket, "", served},
	},
	canonical.Ticket: {
		{"organization", canonical.Organization, "organization", one},
		{"owner", canonical.Owner, "assignee", one},
		{"pipeline", canonical.Pipeline, "pipeline", one},
		{"stage", canonical.Pipeline, "pipeline", stage},
		{"contacts", canonical.Person, "contacts", many},
		{"person", canonical.Person, "contacts", first},
	},
	canonical.Person: {
		{"organization", canonical.Organization, "organization", one},
		{"owner", canonical.Owner, "owner", one},
		{"account_owner", canonical.Owner, "", accounts},
		{"deals", canonical.Deal, "", reverse},
		{"tickets", canonical.Ticket, "", reverse},
	},
	canonical.Organization: {
		{"owner", canonical.Owner, "owner", one},
		{"parent", canonical.Organization, "parent", one},
		{"deals", canonical.Deal, "", reverse},
		{"tickets", canonical.Ticket, "", reverse},
		{"people", canonical.Person, "", reverse},
	},
}

var (
	moneyType = types.Map{"amount": types.String, "currency": types.String}
	emailType = types.Map{"address": types.String, "display": types.String, "type": types.String, "primary": types.Bool, "verified": types.Bool,
		"status": types.String, "bounced_at": types.String, "shared": types.Bool}
	phoneType = types.Map{"raw": types.String, "e164": types.String, "ext": types.String, "type": types.String, "primary": types.Bool, "shared": types.Bool}
	// addressType is a view of the first of an entity's addresses, which most rules want.
	addressType = types.Map{"street": types.String, "locality": types.String, "region": types.String, "postcode": types.String, "country": types.String, "formatted": types.String}
	stageType   = types.Map{"id": types.String, "name": types.String, "order": types.Int, "kind": types.String, "probability": types.String, "closed": types.Bool, "won": types.Bool}
	sourceType  = types.Map{"ref": types.String, "connection": types.String, "object": types.String, "id": types.String, "url": types.String}
)

// typeOf returns the type that expressions see for a field of the catalogue. Decimals are texts: comparing them is
// rare, and no float shall touch them.
func typeOf(t canonical.Type) types.Type {
	switch t {
	case canonical.Integer:
		return types.Int
	case canonical.Bool:
		return types.Bool
	case canonical.Money:
		return moneyType
	case canonical.Email:
		return types.Array(emailType)
	case canonical.Phone:
		return types.Array(phoneType)
	case canonical.Stages:
		return types.Array(stageType)
	case canonical.Domain, canonical.Refs, canonical.Strings:
		return types.Array(types.String)
	}
	switch {
	case t.IsMap():
		return types.Map{types.Extra: types.Any}
	case canonical.Parts(t) != nil:
		m := types.Map{}
		for _, p := range canonical.Parts(t) {
			m[p.Name] = typeOf(p.Type)
		}
		return types.Array(m)
	}
	return types.String
}

// shapes holds the type of each kind of entity.
var shapes = func() map[canonical.Kind]types.Map {
	all := map[canonical.Kind]types.Map{}
	for _, k := range canonical.Kinds() {
		m := types.Map{"id": types.String, Label: types.String, "custom": types.Map{types.Extra: types.Any}, "attr": types.Map{types.Extra: types.Any}}
		if hasAddress(k) {
			m["address"] = addressType
		}
		if hasState(k) {
			maps.Copy(m, stateTypes)
			m["lifecycle"] = lifecycleType
		}
		if hasConsents(k) {
			m[subscribed] = types.String
		}
		if hasHistory(k) {
			m["history"] = types.Array(stayType)
		}
		for _, d := range canonical.Fields(k) {
			if hasState(k) && strings.HasPrefix(d.Name, "lifecycle.") {
				continue
			}
			in, last := m, d.Name
			if group, name, nested := strings.Cut(d.Name, "."); nested {
				inner, ok := m[group].(types.Map)
				if !ok {
					inner = types.Map{}
					m[group] = inner
				}
				in, last = inner, name
			}
			in[last] = typeOf(d.Type)
		}
		all[k] = m
	}
	return all
}()

func hasAddress(k canonical.Kind) bool { return k == canonical.Person || k == canonical.Organization }

// hasHistory reports whether expressions can read the history of entities of a kind.
func hasHistory(k canonical.Kind) bool { return k == canonical.Deal || k == canonical.Ticket }

// environment returns the names that expressions for a kind can read, with their types. Categories are those of a rule's
// own person or organization, and so is who was last in contact with it; the time it was won is that of its own deal.
func environment(k canonical.Kind, categories bool) types.Map {
	own := maps.Clone(shapes[k])
	if categories && hasState(k) {
		own[categoriesName] = listOfTexts
	}
	if hasState(k) {
		own[lastContact] = contactType
	}
	switch k {
	case canonical.Person:
		own[unanswered] = unansweredType
	case canonical.Deal:
		own[wonAt] = types.String
	}
	env := types.Map{string(k): own, "id": types.String, "sources": types.Array(sourceType)}
	for _, r := range relations[k] {
		switch r.shape {
		case many, reverse, served:
			env[r.name] = types.Array(shapes[r.kind])
		case stage:
			env[r.name] = stageType
		default:
			env[r.name] = shapes[r.kind]
		}
	}
	return env
}
