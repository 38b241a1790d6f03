// Package pubsub is a client of Salesforce's Pub/Sub API that reads change data capture: it subscribes behind a replay id,
// keeps the server supplied with requests, fetches and keeps schemas, and decodes the header of change events
// (https://developer.salesforce.com/docs/platform/pub-sub-api/overview).
//
// It does not read the fields of a change, because records are fetched; it does not know which streams an object belongs
// to, does not retry, and stores no place: the caller keeps the cursor. What runs for a subscription is gRPC's own, and
// Close ends it.
package pubsub
