// Package hubspot reads HubSpot's CRM: contacts, companies, deals and tickets with their associations, owners and
// pipelines, and understands HubSpot's webhooks.
//
// A stream begins with a full scan over the list endpoint, then follows changes through search, then reads the same
// changes a second time once search has certainly indexed them; see source.go. A record is the vendor's object
// verbatim, except that its `associations` are always composed the same way, whichever endpoint it came from; see
// associations.go. Both, and each oddity of the vendor, are explained in README.md.
//
// It does not write to HubSpot, does not read custom objects, lists, engagements or marketing data, and does not
// pace, retry or store anything: that is the router's.
package hubspot
