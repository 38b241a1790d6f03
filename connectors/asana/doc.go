// Package asana shows Millrace's work items as tasks in Asana: it makes the projects, sections and custom fields they
// need, creates every task once, writes only what differs and leaves people's own edits alone.
//
// It does not read Asana as a source, does not decide which tasks should exist (package mapping/work) and does not retry,
// pace or wait (package transport, and the router). What it keeps in memory are names and their ids only; losing them
// costs a few calls and nothing else.
//
// The contract it is written against: https://developers.asana.com/reference/rest-api-reference
package asana
