// Package imaptest is an IMAP server in memory for demonstrations and tests, with the faults of real ones: connections that
// end after a while, answers that are no IMAP, a UIDVALIDITY that changes, abilities that are missing.
//
// It stands on the imapserver of emersion/go-imap. It does not know the connector, has no CONDSTORE, and is no proof of how a
// real server behaves: package dovecottest starts one.
package imaptest
