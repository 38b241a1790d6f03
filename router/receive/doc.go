// Package receive takes vendors' webhooks: a handler that verifies what arrives, has it stored and only then answers 2xx
// (invariant 5), and the server around it.
//
// A delivery is verified on its raw bytes and the configured public address before anything else looks at it. What is
// verified is gathered with whatever arrives meanwhile and stored in one commit. Everything that strangers can make grow is
// bounded: connections, headers, bodies, the bytes of all bodies together, deliveries that wait for the disk, time.
//
// It parses nothing, fetches nothing and keeps nothing but what it needs to know a repetition; deliveries lie in the
// ledger's inbox, or in a spool (package spool) that forwards them to a hub (package relay).
package receive
