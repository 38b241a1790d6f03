package canonical

import (
	"fmt"
	"sort"
	"strings"
)

// Def declares one field of a kind.
type Def struct {
	Name string
	Type Type
	// To is the kind a Ref or Refs field points to.
	To Kind
	// Help is one sentence for the reference documentation.
	Help string
}

// The prefixes of fields that are in no catalogue; they have type Typed.
const (
	Custom = "custom." // an attribute of one vendor, which a mapping adds: custom.hubspot.tier
	Attr   = "attr."   // a custom attribute that the configuration has promoted: attr.tier
)

// fields is the catalogue. Additions are compatible; a changed type or a removed field is a new major schema.
var fields = map[Kind][]Def{
	Person: person, Organization: organization, Deal: deal, Ticket: ticket, Owner: owner, Pipeline: pipeline,
	Interaction: interaction, Transaction: transaction, Campaign: campaign, Audience: audience, Membership: membership,
	Consent: consent, Task: task, Goal: goal, Spend: spend,
}

// moved are the names of an earlier schema and what to write now.
var moved = map[string]string{
	"address.street": "addresses: {each: [{lines: …}]}", "address.locality": "addresses: {each: [{locality: …}]}",
	"address.region": "addresses: {each: [{region: …}]}", "address.postcode": "addresses: {each: [{postcode: …}]}",
	"address.country": "addresses: {each: [{country: …}]}",
}

// Moved returns what to write instead of a name that an earlier schema had, "" for any other name.
func Moved(name string) string { return moved[name] }

// Choices returns the only values an Enum field may have, nil for any. Do not change it.
func Choices(k Kind, name string) []string { return choices[k][name] }

// Fields returns the fields of a kind in the catalogue's order; nil for an unknown kind. Do not change it.
func Fields(k Kind) []Def { return fields[k] }

// defs finds a field by its name.
var defs = func() map[Kind]map[string]Def {
	all := make(map[Kind]map[string]Def, len(fields))
	for k, list := range fields {
		all[k] = make(map[string]Def, len(list))
		for _, d := range list {
			all[k][d.Name] = d
		}
	}
	return all
}()

// IsCustom reports whether a name is one of a custom attribute, promoted or not.
func IsCustom(name string) bool {
	return strings.HasPrefix(name, Custom) && len(name) > len(Custom) || strings.HasPrefix(name, Attr) && len(name) > len(Attr)
}

// Lookup returns the declaration of a field; a custom attribute is Typed.
func Lookup(k Kind, name string) (Def, error) {
	if d, ok := defs[k][name]; ok {
		return d, nil
	}
	if IsCustom(name) {
		return Def{Name: name, Type: Typed}, nil
	}
	if _, ok := fields[k]; !ok {
		return Def{}, fmt.Errorf("there is no kind %q", k)
	}
	return Def{}, fmt.Errorf("%s has no field %q", k, name)
}

// Names returns the names of the fields of a kind, sorted.
func Names(k Kind) []string {
	names := make([]string, 0, len(fields[k]))
	for _, d := range fields[k] {
		names = append(names, d.Name)
	}
	sort.Strings(names)
	return names
}
