// Package connectors is the contract between Millrace and one vendor: records, pages, cursors, what a source, a target
// and a webhook promise, how a connector declares its settings and limits, and the kinds of error it may return.
//
// A connector does not loop over pages, sleep, retry, log, start goroutines or read the environment. It gets an
// *http.Client that already carries sign-in, the account's quota, retry, a timeout and a user agent; it makes one
// vendor call (or the few one page needs) and returns. Everything that waits or repeats is the router's.
//
// This package does not talk to any vendor, does not map records (package mapping) and stores nothing (package
// router/ledger).
package connectors
