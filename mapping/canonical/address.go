package canonical

import (
	"encoding/json"
	"strings"
)

// Address is one element of an Addresses value.
type Address struct {
	Type      string   `json:"type,omitempty"`
	Lines     []string `json:"lines,omitempty"`
	Locality  string   `json:"locality,omitempty"`
	Region    string   `json:"region,omitempty"`
	Postcode  string   `json:"postcode,omitempty"`
	Country   string   `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Formatted string   `json:"formatted,omitempty"`
}

// Street returns the lines as one text.
func (a *Address) Street() string { return strings.Join(a.Lines, ", ") }

// Identifier is one element of an Identifiers value.
type Identifier struct {
	Scheme string `json:"scheme,omitempty"` // vat, lei, duns, company_no, or the name of another system
	Value  string `json:"value"`
}

// Move is one element of a Moves value: a stay in a stage or a status.
type Move struct {
	Stage     string `json:"stage"`
	Kind      string `json:"kind,omitempty"`
	EnteredAt string `json:"entered_at,omitempty"` // in TimeLayout
	LeftAt    string `json:"left_at,omitempty"`
	By        string `json:"by,omitempty"` // reference of an owner
}

// Affiliation is one element of an Affiliations value.
type Affiliation struct {
	Organization string `json:"organization,omitempty"` // reference
	Name         string `json:"name,omitempty"`
	Title        string `json:"title,omitempty"`
	Department   string `json:"department,omitempty"`
	Role         string `json:"role,omitempty"`
	Primary      bool   `json:"primary,omitempty"`
	From         string `json:"from,omitempty"`
	To           string `json:"to,omitempty"`
	Manager      string `json:"manager,omitempty"` // reference of a person
}

// Permission is one element of a Permissions value.
type Permission struct {
	Channel     string `json:"channel,omitempty"`
	Topic       string `json:"topic,omitempty"`
	Status      string `json:"status"`
	Since       string `json:"since,omitempty"`
	LawfulBasis string `json:"lawful_basis,omitempty"`
	Source      string `json:"source,omitempty"`
	Reason      string `json:"reason,omitempty"`
	Evidence    string `json:"evidence,omitempty"`
}

// Read decodes a value in normal form into the list or map type that fits it, []Address for Addresses; the zero value
// when it says nothing or is damaged.
func Read[T any](value json.RawMessage) (v T) {
	if len(value) == 0 || IsNull(value) || json.Unmarshal(value, &v) != nil {
		var none T
		return none
	}
	return v
}
