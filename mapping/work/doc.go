// Package work turns an entity into the items a project tool should show: rules say which entities have an item, in
// which project and section, and what stands in its title, fields and notes.
//
// It is pure: everything it reads comes through Graph, which the ledger implements inside one snapshot. It does not
// know any project tool (package connectors has the contract), does not decide when to write, and does not remember
// what was written (package router/ledger).
package work
