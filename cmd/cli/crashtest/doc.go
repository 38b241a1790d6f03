// Package crashtest proves with the real program that nothing is lost and nothing is doubled (invariants 1, 3 and 4):
// it kills the program with SIGKILL at random instants and at chosen requests, while customers change and the vendors
// misbehave, lets it catch up, and then compares the project tool with the sources by asking the simulated vendors.
//
// It has tests only. It knows the built-in mapping and work rules from their documentation, not from their code, and
// asks the ledger nothing but which mails somebody has, which no vendor shows, and what to print when a test fails.
//
// MILLRACE_KILLS sets the number of kills (12 unless set), MILLRACE_SEED the seed, which a failure prints.
package crashtest
