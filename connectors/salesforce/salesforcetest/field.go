package salesforcetest

import (
	"slices"
	"strings"
)

// Field describes one field of an object. The zero value of all but Name is a text field of 255 characters that anybody
// may write.
type Field struct {
	Name, Label string
	// Type is Salesforce's: string, textarea, picklist, multipicklist, boolean, int, double, currency, percent, date,
	// datetime, email, phone, url, reference, address or anyType. "" is string.
	Type string
	// Length is of texts, in characters; 0 is 255.
	Length           int
	Precision, Scale int
	// ReferenceTo are the objects a reference may point to; Relationship names the way there in queries (Account) and
	// Children the way back (Contacts).
	ReferenceTo            []string
	Relationship, Children string
	// Cascade deletes the row with the one it refers to.
	Cascade bool
	// Compound is the address or name that the field is a part of.
	Compound string
	// Picklist are the values offered; only Restricted ones are the only ones accepted.
	Picklist   []string
	Restricted bool
	// Default is what a new row gets that does not set the field.
	Default any
	// Calculated is a formula: nobody writes it, and its change moves no SystemModstamp.
	Calculated bool
	// ExternalID fields can be written by (upsert), Unique ones refuse a value twice. Lookup says that the value may
	// stand for the id.
	ExternalID, Unique, Lookup bool
	Required, NameField        bool
	// ReadOnly fields are the system's; CreateOnly ones cannot be changed.
	ReadOnly, CreateOnly bool

	slot   int
	system sysField
	hidden bool // by field-level security
	owner  bool
	// updateOnly fields are not set on creation; notNull ones always have a value; zero is a count that begins at 0.
	updateOnly, notNull, zero bool
}

// sysField says where the value of a system field comes from.
type sysField int

const (
	stored sysField = iota
	sysID
	sysDeleted
	sysCreated
	sysModified
	sysStamp
	sysMaster
)

func (f *Field) custom() bool { return strings.HasSuffix(f.Name, "__c") }

// numeric reports whether values are numbers.
func (f *Field) numeric() bool {
	return slices.Contains([]string{"int", "double", "currency", "percent"}, f.Type)
}

// texty reports whether values are texts with a length.
func (f *Field) texty() bool {
	return slices.Contains([]string{"string", "textarea", "email", "phone", "url", "picklist", "multipicklist"}, f.Type)
}

// filterable reports whether a WHERE may name the field: long text areas cannot be compared.
func (f *Field) filterable() bool { return !(f.Type == "textarea" && f.Length > 255) }

// indexed reports whether queries find rows by the field's value without a scan. The fields that say who owns or wrote a
// row have few values, so that an index would not help.
func (f *Field) indexed() bool {
	if f.Type == "reference" && f.system == stored {
		return !f.owner && f.Name != "CreatedById" && f.Name != "LastModifiedById"
	}
	return f.ExternalID || f.Unique
}

// defaults fills in what a declaration may leave out.
func (f *Field) defaults() {
	if f.Type == "" {
		f.Type = "string"
	}
	if f.Label == "" {
		f.Label = strings.ReplaceAll(strings.TrimSuffix(f.Name, "__c"), "_", " ")
	}
	switch {
	case f.Type == "reference":
		f.Length = 18
		if f.Relationship == "" && f.custom() {
			f.Relationship = strings.TrimSuffix(f.Name, "__c") + "__r"
		}
	case f.texty() && f.Length == 0:
		f.Length = 255
	case f.numeric() && f.Type != "int" && f.Precision == 0:
		f.Precision = 18
	case f.Type == "boolean" && f.Default == nil:
		f.Default = false
	}
	if f.Calculated {
		f.ReadOnly = true
	}
	if f.zero {
		f.Default, f.notNull = 0.0, true
	}
}
