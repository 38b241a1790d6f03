// Package spool keeps what a receiver took that stands on a host of its own, in a bbolt file, until the hub has it. A
// delivery is durable when Put returns; one commit holds whatever arrived meanwhile. It may wait for as long as the hub is
// away, up to a bound, and its room on the disk is given back.
//
// It verifies nothing, parses nothing and knows no vendor.
package spool
