package canonical

import "encoding/json"

// Profile is the canonical, normalised say of one source record: a pure function of the record and the mapping. It
// makes claims: a field that is missing says nothing, a null value says "the source says it is empty".
type Profile struct {
	Kind   Kind
	Fields []Field // ordered by Name, each name once
	// Same lists source records (connection/object/id) that the source itself says are the same thing: merged-in
	// records and cross-references to another system.
	Same []string
	// Past, when not blank, is another record (connection/object/id): the profile is of no record of its own, but says what
	// that one became at the time of this one's version. Only fields that histories are kept of count.
	Past string
	// Times are the fields whose values the source set at a time of their own, which it tells; see AssertedAt.
	Times []FieldTime // ordered by Name, each one of Fields
}

// Field is one claim. Value is JSON in the normal form of the field's Type, or null for explicitly empty.
type Field struct {
	Name  string
	Value json.RawMessage
}

// IsNull reports whether a claimed value says "empty".
func IsNull(value json.RawMessage) bool { return string(value) == null }

// Get returns the claimed value, nil when the profile makes no claim.
func (p *Profile) Get(name string) json.RawMessage {
	lo, hi := 0, len(p.Fields)
	for lo < hi {
		mid := (lo + hi) / 2
		if p.Fields[mid].Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(p.Fields) && p.Fields[lo].Name == name {
		return p.Fields[lo].Value
	}
	return nil
}
