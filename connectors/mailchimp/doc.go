// Package mailchimp reads Mailchimp Marketing: audiences (which its API calls lists), their members in every status, the
// memberships, segments, tags and interests, campaigns with their reports, and what recipients did with them; and it
// understands Mailchimp's webhooks.
//
// Members are read in the order of their last change, without ever losing a place in it; see members.go and window.go.
// Everything else is listed. A record is the vendor's object verbatim but for its links; what is added to it, and why,
// stands in compose.go. Each oddity of the vendor is explained in README.md.
//
// It does not write to Mailchimp, does not read templates, automations, stores or landing pages, and does not pace, retry or
// store anything: that is the router's.
package mailchimp
