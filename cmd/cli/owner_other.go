//go:build !unix

package cli

// leaveToOwner is for systems where root runs services as somebody else.
func leaveToOwner(string, ...string) {}
