// Package identity decides which source records are the same customer and what is true of one when they disagree:
// the keys of a profile, verdicts on pairs of records, clusters of records, and the golden record of a cluster.
// Everything is a pure function of its arguments and independent of their order, so that the state of the ledger never
// depends on the order in which records arrived (invariant 2), and undoing evidence undoes what followed from it.
//
// # From records to customers
//
// Keys find candidates: an address, a number, a domain, an identifier, a name with what narrows it down, a block of the
// scorer. What identifies nobody is no key, and Examine says why: role addresses, mail hosts, placeholders; a key that
// more than Most records hold counts no more.
//
// Compare judges a pair that shares a key. Strong evidence (an equal address of two people, a mobile number with names
// that agree, an equal domain of two organizations) joins; medium evidence (full name and birthday) is shown to a person
// unless the policy says otherwise; the optional scorer (package score) finds what no rule finds and doubts what it does
// not believe. A veto (two birthdays, two VAT numbers, links to two records of one CRM) leaves a pair to a person.
//
// Cluster closes over the verdicts, guarded: decisions of people first, then what the sources themselves say is one
// thing, then pairs from the likeliest down, each of them only while the two groups it would join do not contradict it.
// It sees one component at a time, and gives for it what clustering everything at once would give.
//
// # Not here
//
// It stores nothing and finds no candidates (package router/ledger keeps the key index and gathers components, package
// identity/batch does so in memory). A shared phone number or an equal name alone makes a relationship, not an identity,
// and is no evidence at all. Suppression after an erasure is the ledger's.
package identity
