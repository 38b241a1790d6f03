// Package sheet reads a table of customers as the world exports it, and turns its rows into profiles with the help of a
// file that maps canonical fields to columns.
//
// It does not decide who is the same (package mapping/identity does), and reads no connected source (package mapping
// does that for connectors).
package sheet
