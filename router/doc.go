// Package router moves everything: it polls streams, applies pages, fetches what webhooks hint at, and makes targets
// show what the ledger says. It is the only place that loops, waits, retries or logs.
//
// Its handlers hang on three Watermill topics (package router/bus). Every message is a nudge that says "look at the
// ledger"; a handler never fails a message, because Watermill redelivers at once and without end (watermill#296):
// what went wrong is written to the ledger with a time to try again, and the message is acknowledged.
//
// It knows no vendor, maps nothing itself and keeps no state that a crash may not take: all of that is in
// router/ledger.
package router
