// Package endtoend tests the whole program from outside: the command line against simulated vendors, with real people,
// recorded answers, broken input and what happens in the life of a CRM. It asks the vendors and the ledger what came
// of it, never a mock.
//
// It has no code of its own besides tests, and it does not kill processes; the crash tests do that.
package endtoend
