// Package hubspottest is HubSpot simulated as an http.Handler: it stores what is written and answers what was asked,
// with the vendor's paging, limits, error bodies, delays of its search index, merges that make new ids, and signed
// webhooks. It is written from the vendor's contract and recorded answers and never imports the connector.
//
// It simulates contacts, companies, deals, tickets, notes and tasks, under /crm/v3 and under /crm/objects/2026-09 and
// its siblings. It has no lists, custom objects, imports, exports, marketing or property history, and it keeps
// everything in memory.
package hubspottest
