// Package formula compiles and runs the expressions of rule files (expr-lang) within bounds: typed against the names a
// rule may use, at most MaxLength long, with a memory budget, and without functions whose result is not decided by
// their arguments (the time of day, the random order of a map).
//
// It does not know which names there are (packages mapping and mapping/work say so).
package formula
