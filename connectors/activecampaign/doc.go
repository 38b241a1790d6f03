// Package activecampaign reads ActiveCampaign: contacts with their lists, tags and custom fields, the lists, memberships,
// accounts, deals with their pipelines, users, campaigns and automations; and it understands ActiveCampaign's webhooks.
//
// Contacts are read by keyset and by time (contacts.go), everything else by lists that are paged by offset (list.go). A
// record is the vendor's object verbatim; what is added to it, and why, stands in beside.go. Each oddity of the vendor is
// explained in README.md.
//
// It does not write to ActiveCampaign, does not read what single contacts opened or clicked, and does not pace, retry or
// store anything: that is the router's.
package activecampaign
