// Package canonical is the vendor-neutral model of a customer: the kinds of entity, their fields with types, and the
// normal form of every value, so that equal facts have equal bytes.
//
// It does not know how a vendor's record becomes a profile (package mapping), who is the same customer (package
// mapping/identity) or what a project tool shows (package mapping/work).
package canonical

// Schema names the catalogue and the normal forms; it changes when an equal claim gets another form than before, and
// everything is mapped again then.
const Schema = "canonical 2"
