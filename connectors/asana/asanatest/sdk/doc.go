// Package sdk holds a check of the Asana simulator with Asana's own Node client, which was written by people who know the
// real answers. It has no Go code of its own: the test installs the client into a temporary directory and runs script.cjs.
// It does not test the connector.
package sdk
