package mapping

import "fmt"

// Outcome says what became of a record besides its profile.
type Outcome struct {
	// Filtered is the name of the `where` rule that keeps the record out; "" for a record that counts. The profile of
	// a filtered record has its kind and no claims.
	Filtered string
	// Known, when not nil, says that the record is kept only if somebody is known; see the `known` of an object.
	Known *Known
	// Warnings are the fields whose value could not be used and that claim nothing therefore, at most MaxWarnings.
	Warnings []Warning
}

// MaxWarnings is the most warnings kept for one record.
const MaxWarnings = 20

// Warning is a value that could not be used. It names places and types, never the value (invariant 9).
type Warning struct {
	Object  string // the vendor's kind of object
	Field   string // the canonical field, "same" for cross-references
	Path    string // where the value stands in the record; "" for an expression
	Type    string // the JSON type found: string, number, true, false, object, array
	Problem string // what is wrong with it, `not a decimal number`
}

// String returns the warning as a log line shows it.
func (w Warning) String() string {
	if w.Path == "" {
		return fmt.Sprintf("%s: %s: %s", w.Object, w.Field, w.Problem)
	}
	return fmt.Sprintf("%s: %s: the %s at %s is %s", w.Object, w.Field, w.Type, w.Path, w.Problem)
}
