// Package pubsub simulates Salesforce's Pub/Sub API in front of a simulated organization (package salesforcetest): a gRPC
// server that tells every committed change as a change event in Avro, with schemas by id, bitmaps, opaque replay ids that
// expire after 72 hours of the vendor's clock, flow control, keep-alives, gap and overflow events, and the vendor's errors
// in trailers. It is written from pubsub_api.proto and the vendor's pages on subscribing, flow control, durability,
// deserialization and errors, and never imports the client.
//
// It publishes nothing, has no managed subscriptions and no channel filters or enrichment, and merges only the changes
// that the organization merges. Order and times are the organization's commits'.
package pubsub
