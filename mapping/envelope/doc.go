// Package envelope writes a golden record as one JSON document, the form in which the hub gives entities to others: the
// versioned schema, the data with names nested by their dots, every source record, and where each value comes from.
//
// It does not read the ledger: what a golden record does not know of its entity (times, former ids, the state of each
// record) is given to it. It does not explain at length; identity.Golden.Why does. Documents hold customers' data: never
// log one.
package envelope
