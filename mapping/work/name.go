package work

// NameOf returns what one calls an entity: its name, else what comes closest to one, else its id. It is what expressions
// see as `label`. It is personal data for a person.
func NameOf(e *Entity) string { return label(e) }
