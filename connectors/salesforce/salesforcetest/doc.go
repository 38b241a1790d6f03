// Package salesforcetest is a Salesforce organization simulated as an http.Handler: REST queries in SOQL, describes,
// writes, collections and composites, Bulk API 2.0, OAuth, outbound messages, with the vendor's paging, limits, error
// bodies, rows that are committed late, a recycle bin, and merges. It is written from the vendor's documents and recorded
// answers and never imports the connector.
//
// It has no Apex, no sharing, no validation rules, no record types, no SOSL and no SOAP API, simulates the objects of
// objects.txt and those added with AddObject, and keeps everything in memory. The Pub/Sub API is in package pubsub.
package salesforcetest
