// Package wire speaks IMAP4rev1 (RFC 3501) and rev2 (RFC 9051) for the connector: it reaches a server, signs in, lists
// folders, and reads what is asked for, within a bounded time and a bounded number of bytes, with errors that have a kind.
//
// It hides the library it speaks with. It does not know what a cursor, a record or a message is, it changes nothing on the
// server (folders are opened by EXAMINE, bodies read by PEEK), and it never repeats anything.
package wire
