// Package salesforce reads a Salesforce organization: accounts, contacts, leads, opportunities with their contact roles
// and stage history, cases with their comments, tasks, events, campaigns and their members, users, stages, and custom
// objects. It also understands Salesforce's outbound messages, and follows change data capture (feed.go).
//
// A stream begins with a full scan, by a Bulk API 2.0 query job or by seeking through the ids, of everything up to an
// instant; then it reads what changed in closed windows of time; see source.go. A record is the row as the vendor says
// it, but in one shape whichever way it came: see record.go. Both, and each oddity of the vendor, are explained in
// README.md.
//
// It does not write to Salesforce, does not use the SOAP, Metadata, Streaming or Tooling APIs, and does not pace, retry
// or store anything: that is the router's. How the Pub/Sub API is spoken and its events are decoded is in package pubsub
// below.
package salesforce
