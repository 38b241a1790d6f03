// Package ledger is the durable state of the hub over a small transactional key-value engine: records and their
// profiles, who is the same customer, entities, cursors, what every target shows, dirty marks, the inbox, references
// to fetch, dead letters, gaps and tokens.
//
// # What it promises
//
// Apply stores a page, everything that follows from it and the cursor that passed it in one transaction (invariant 1).
// The end state does not depend on the order in which versions arrive (invariant 2): a record is two registers, its
// newest state and its newest content that could be mapped, and each takes the greatest of (Version, Seen, hash).
// Entities are derived from the profiles of their members whenever they are read; only their membership and the hash
// of their golden record are stored. A change of that hash leaves a dirty mark for every target, and Settle takes a
// mark away only when nothing changed since it was read (invariant 3).
//
// # Who is the same customer
//
// A transaction clusters anew the components around the records it touched, with all their evidence. A component hangs
// together by must-links, decisions of people and verdicts that join (package mapping/identity); edges are not stored.
// An edge that is lost leaves the records it had joined in one entity, whose stored membership leads to all of them; an
// edge that was refused had no part in any entity, so nothing follows from its end. The result is therefore what
// clustering everything at once gives, in whatever order records, decisions and deletions arrived. Keys that too many
// records hold count for none of them; when their number comes to the limit or leaves it, all holders are clustered
// anew. More than MostTied records that hang together are a tangle, in which only must-links and decisions join.
//
// What is said of consent is kept for each address and record, and outlives the record: an opt-out never goes by itself.
//
// Pairs that a person should look at are rows that follow from the same walk. The log of changes is history and the one
// thing here that depends on the order of arrival.
//
// # What happened to whom
//
// An interaction is found by trails from the records, addresses and domains that it names, newest first (trail.go), so it
// belongs to whoever holds an address at the time of asking. Of records that are kept only with somebody who is known, and
// are not, keyed hashes stay that have their stream read again when somebody is (stranger.go).
//
// # What it does not do
//
// It does not talk to vendors, loop, sleep, retry or log; those are the router's. It does not map (package mapping),
// decide who is the same (package mapping/identity) or what a target shows (package mapping/work): it gives them one
// snapshot to be pure functions of. Where bytes lie on disk is the engine's (router/ledger/kv).
//
// Errors name the bucket and the record's reference, never its content (invariant 9). A row that cannot be read is an
// error that wraps kv.ErrDamaged.
package ledger
