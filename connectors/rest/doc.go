// Package rest is one JSON request to a vendor: it builds the request, reads the whole answer within a bound, checks
// that it is whole and JSON, and turns every refusal and failure into a connectors.Error whose kind the router acts upon.
//
// It does not retry, loop, sleep, sign in or pace (package transport does, inside the *http.Client), it does not log,
// and it knows no vendor: what a vendor's error body says is read by the connector's Explain.
package rest
