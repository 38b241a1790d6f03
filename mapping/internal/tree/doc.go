// Package tree reads YAML rule files strictly and keeps the place of everything, so that whoever gives it meaning can
// say in which line and column a problem is, and report all problems at once.
//
// It does not know any rule. Anchors, aliases, tags, merge keys and several documents in one file are refused: a rule
// file says what it means where it says it.
package tree
