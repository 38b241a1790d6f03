// Package identity decides which source records are the same customer and what is true of one when they disagree:
// the keys of a profile, clusters of records that share keys, and the golden record of a cluster. Everything is a
// pure function of its arguments and independent of their order, so that the state of the ledger never depends on
// the order in which records arrived (invariant 2), and undoing evidence undoes what followed from it.
//
// Evidence is deterministic: what a vendor itself says (merges, cross-references), an equal e-mail address of two
// people, an equal registrable domain of two organizations.
//
// It stores nothing, finds no candidates (package router/ledger keeps the key index and gathers components) and does
// not do these on purpose; they plug in at Keys and Cluster: manual decisions to link or to keep apart, keys of
// phone, name and address, the probabilistic scorer of Fellegi and Sunter with its review queue, per-field source
// priorities, and suppression after an erasure.
package identity
