// Package boltkv is the ledger's engine for one machine: one bbolt file, owned by one process.
//
// One committer goroutine joins every Update that waits into a single commit (natural batching: while
// one commit syncs, the next group gathers; no timer). Functions run on their callers' goroutines, one
// after the other, so a panic or a t.Fatal inside one ends only its own caller. bbolt's own Batch is
// never used: it delays every write by a timer, which leaves one goroutine 83 writes a second.
//
// # A failed commit
//
// bbolt reports a failed sync of its last page as a failed commit although the commit may be there
// after a restart. This package settles the question: it looks which state the file shows and writes
// that state's meta page once more. When that reaches the disk, Update returns nil or a definite
// error; only when it fails too is kv.ErrUnknownOutcome returned, and then no Update runs before the
// question is settled. Open does the same for a predecessor that was killed between write and sync.
// Without it, the next commit could overwrite pages of the only state that is really on the disk.
//
// # Damage
//
// bbolt answers a damaged page with a panic, in Open on a goroutine nobody can recover. So Open walks
// the tree itself first, with bounds on everything it reads, and every later call is guarded. Damage
// is always kv.ErrDamaged with the ways back, never a crash, and never a silent repair: Salvage
// copies the newest state that is whole, a backup replaces the file. Two limits remain: values carry
// no checksum, and pages that go bad under an open engine can still end the process when a failed
// commit makes bbolt walk them on a goroutine of its own.
//
// What it does not do: encode anything, know the ledger's keys, share the file between processes (a
// second one gets kv.ErrLocked), or shrink the file (Compact writes a smaller copy).
package boltkv
