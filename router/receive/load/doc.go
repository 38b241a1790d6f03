// Package load offers signed deliveries to a receiver of webhooks and tells what became of them, so that receivers can be
// compared. Requests are written by hand and answers hardly read: it shares the processors with what it measures.
//
// It starts no server, judges nothing, and is never part of a running hub.
package load
