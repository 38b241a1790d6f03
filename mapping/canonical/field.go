package canonical

import (
	"fmt"
	"sort"
	"strings"
)

// Type is the type of a field; it decides the normal form of its values.
type Type string

// The types of field and the JSON of their normal form.
const (
	Text    Type = "text"    // string: NFC, trimmed, inner white space collapsed, no control characters
	Long    Type = "long"    // string: NFC, trimmed, line breaks kept
	Enum    Type = "enum"    // string: lower case token
	Integer Type = "integer" // number without fraction
	Decimal Type = "decimal" // string, so that no float touches it; the shortest form: "0.25"
	Money   Type = "money"   // {"amount":"12500.00","currency":"EUR"}; currency ISO 4217, "" when the vendor does not say
	Bool    Type = "bool"
	Date    Type = "date"    // "2026-11-22", RFC 3339 full-date
	Time    Type = "time"    // "2026-11-22T17:30:00.000Z", RFC 3339 UTC with milliseconds
	Email   Type = "emails"  // [{"address":"a@b.example","type":"work","primary":true}], ordered as claimed
	Phone   Type = "phones"  // [{"raw":"+49 30 1","e164":"+49301","type":"mobile"}]
	Domain  Type = "domains" // ["b.example"]: registrable, A-labels, ordered as claimed
	Ref     Type = "ref"     // "connection/object/id" of a source record, never an entity id
	Refs    Type = "refs"    // list of Ref, ordered, unique
	Stages  Type = "stages"  // of a pipeline: [{"id","name","order","kind","probability","closed","won"}]
	Strings Type = "strings" // ["a","b"]: texts, unique, ordered as claimed
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

// Custom is the prefix of fields that a mapping adds on its own; they have type Text unless the mapping says more.
const Custom = "custom."

// fields is the catalogue. Additions are compatible; a changed type or a removed field is a new major schema.
var fields = map[Kind][]Def{
	Person: {
		{"name.full", Text, "", "Name as one writes it."},
		{"name.given", Text, "", "Given name."},
		{"name.family", Text, "", "Family name."},
		{"emails", Email, "", "E-mail addresses."},
		{"phones", Phone, "", "Phone numbers."},
		{"title", Text, "", "Job title."},
		{"company", Text, "", "Name of the employer as the person's record says it, when no organization is linked."},
		{"organization", Ref, Organization, "The organization the person works for."},
		{"address.street", Text, "", "Street and number."},
		{"address.locality", Text, "", "City."},
		{"address.region", Text, "", "State or region."},
		{"address.postcode", Text, "", "Postal code."},
		{"address.country", Text, "", "Country."},
		{"language", Text, "", "Language, BCP 47."},
		{"lifecycle.stage", Enum, "", "Lifecycle stage the source claims."},
		{"lead.status", Enum, "", "Lead status the source claims."},
		{"owner", Ref, Owner, "Who is responsible inside the company."},
		{"birthday", Date, "", "Date of birth."},
		{"acquisition.source", Text, "", "Where the person came from."},
		{"url", Text, "", "Page of the record at the vendor."},
		{"created", Time, "", "When the source created the record."},
	},
	Organization: {
		{"name", Text, "", "Name."},
		{"domains", Domain, "", "Registrable domains."},
		{"website", Text, "", "Address of the web site."},
		{"phones", Phone, "", "Phone numbers."},
		{"industry", Text, "", "Industry."},
		{"employees", Integer, "", "Number of employees."},
		{"annual_revenue", Money, "", "Annual revenue."},
		{"description", Long, "", "Description."},
		{"address.street", Text, "", "Street and number."},
		{"address.locality", Text, "", "City."},
		{"address.region", Text, "", "State or region."},
		{"address.postcode", Text, "", "Postal code."},
		{"address.country", Text, "", "Country."},
		{"lifecycle.stage", Enum, "", "Lifecycle stage the source claims."},
		{"owner", Ref, Owner, "Who is responsible inside the company."},
		{"parent", Ref, Organization, "Parent organization."},
		{"url", Text, "", "Page of the record at the vendor."},
		{"created", Time, "", "When the source created the record."},
	},
	Deal: {
		{"name", Text, "", "Name."},
		{"description", Long, "", "Description."},
		{"kind", Enum, "", "New business, renewal and so on, as the source says."},
		{"amount", Money, "", "Amount."},
		{"pipeline", Ref, Pipeline, "The pipeline the deal is in."},
		{"stage", Text, "", "Id of the stage within the pipeline."},
		{"status", Enum, "", "open, won or lost."},
		{"probability", Decimal, "", "Probability of winning, 0 to 1."},
		{"expected_close_on", Date, "", "When it is expected to close."},
		{"closed_at", Time, "", "When it was closed."},
		{"close_reason", Text, "", "Why it was won or lost."},
		{"next_step", Text, "", "The next step, as the source says."},
		{"organization", Ref, Organization, "The organization that would buy."},
		{"contacts", Refs, Person, "The people involved."},
		{"owner", Ref, Owner, "Who sells."},
		{"url", Text, "", "Page of the record at the vendor."},
		{"opened_at", Time, "", "When it was opened."},
	},
	Ticket: {
		{"subject", Text, "", "Subject."},
		{"description", Long, "", "Description."},
		{"pipeline", Ref, Pipeline, "The pipeline the ticket is in."},
		{"stage", Text, "", "Id of the stage within the pipeline."},
		{"status", Enum, "", "new, open, pending, on_hold, solved or closed."},
		{"priority", Enum, "", "low, normal, high or urgent."},
		{"category", Text, "", "Category, as the source says."},
		{"channel", Text, "", "How it came in."},
		{"organization", Ref, Organization, "The organization it concerns."},
		{"contacts", Refs, Person, "The people it concerns; the first is the requester."},
		{"assignee", Ref, Owner, "Who works on it."},
		{"url", Text, "", "Page of the record at the vendor."},
		{"opened_at", Time, "", "When it was opened."},
		{"closed_at", Time, "", "When it was closed."},
	},
	Owner: {
		{"name", Text, "", "Name."},
		{"email", Text, "", "E-mail address: what joins owners to users of the project tool."},
		{"active", Bool, "", "Whether the user can still work on things."},
	},
	Pipeline: {
		{"name", Text, "", "Name."},
		{"object", Enum, "", "deal or ticket."},
		{"stages", Stages, "", "The stages, in order."},
	},
}

// choices are the values that some Enum fields are limited to; every other Enum is open.
var choices = map[Kind]map[string][]string{
	Deal: {"status": {"open", "won", "lost"}},
	Ticket: {
		"status":   {"new", "open", "pending", "on_hold", "solved", "closed"},
		"priority": {"low", "normal", "high", "urgent"},
	},
	Pipeline: {"object": {"deal", "ticket"}},
}

// Choices returns the only values an Enum field may have, nil for any. Do not change it.
func Choices(k Kind, name string) []string { return choices[k][name] }

// Fields returns the fields of a kind in the catalogue's order; nil for an unknown kind. Do not change it.
func Fields(k Kind) []Def { return fields[k] }

// Lookup returns the declaration of a field; a custom field is Text.
func Lookup(k Kind, name string) (Def, error) {
	if strings.HasPrefix(name, Custom) && len(name) > len(Custom) {
		return Def{Name: name, Type: Text}, nil
	}
	for _, d := range fields[k] {
		if d.Name == name {
			return d, nil
		}
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
