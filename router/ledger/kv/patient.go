package kv

import "context"

type patient struct{}

// Patient returns a context whose Updates are large pieces of work that can wait: a page of a backfill, a piece of a
// migration. An engine may let Updates of others go before them, and need not join several of them in one commit; it must
// not keep them from their turn for ever.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patient{}, true) }

// IsPatient reports whether a context was made by Patient.
func IsPatient(ctx context.Context) bool { return ctx.Value(patient{}) != nil }
