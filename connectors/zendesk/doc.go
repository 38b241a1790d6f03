// Package zendesk reads Zendesk Support: users, agents, organizations, tickets with their metrics and comments,
// satisfaction ratings, memberships and ticket statuses, and understands Zendesk's webhooks.
//
// Users and tickets are read by the cursor-based incremental export, organizations and the history of tickets by the
// time-based one, everything else by its list endpoint; see source.go. A record is the vendor's object verbatim; what is added to it, and why, stands in
// compose.go. Each oddity of the vendor is explained in README.md.
//
// It does not write to Zendesk, does not read the help centre, chats or talk, and does not pace, retry or store anything:
// that is the router's.
package zendesk
