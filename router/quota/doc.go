// Package quota is one vendor account's rate budget, shared by poll, backfill, fetch and deliver (invariant 10): the
// limits a connector declares, weighted in actions; slots for what is in flight; a pause of everybody when the vendor
// refuses; and a rate learnt from refusals where the vendor does not tell it.
//
// Make one Governor per account and process. It does not know other processes on the same account (give each a part by
// Config.Share), sends nothing, repeats nothing and stores nothing: Learnt and Restore are for the ledger. A wait that
// is longer than Config.MaxWait is not waited here but returned as a Limited error, for the router to plan.
//
// golang.org/x/time/rate is not used: it has no pause, cannot give back what a cancelled caller took, and refuses a
// weight above its burst.
package quota
