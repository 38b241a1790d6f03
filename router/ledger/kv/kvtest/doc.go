// Package kvtest is the conformance suite that every engine of router/ledger/kv passes.
//
// An engine's test supplies the means (a Harness), the suite supplies the meaning: each Check is one
// promise of the kv package that the ledger leans on. The suite judges the state that is readable
// afterwards, never the calls an engine makes. It knows nothing about files, so what a disk may do
// (room, damage, locks) is tested beside each engine.
//
//	func TestMain(m *testing.M) { kvtest.Main(m, open) }
//	func TestEngine(t *testing.T) { kvtest.Run(t, kvtest.Harness{Place: …, Open: open}) }
package kvtest
