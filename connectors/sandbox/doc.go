// Package sandbox holds what the vendor simulators share: a vendor's clock, a plan of faults, a log of requests,
// a quota, the middleware that joins them around a simulator's handler, and a generator of customers that may exist
// at several vendors at once.
//
// It does not know any vendor: paths, bodies and error envelopes belong to connectors/<vendor>/<vendor>test, and it is
// for tests and demonstrations only. Nothing in the product's own path imports it.
package sandbox
