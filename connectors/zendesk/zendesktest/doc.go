// Package zendesktest is Zendesk Support simulated as an http.Handler: it stores what is written and answers what was
// asked, with the vendor's incremental exports that withhold the last minute, its two kinds of paging, soft deletions and
// merges that leave no pointer, quotas, error bodies of many shapes, sign-in of every kind and signed webhooks. It is
// written from the vendor's documents and recorded answers and never imports the connector.
//
// It simulates users, organizations, tickets and what hangs on them. It has no triggers that act, views, macros, help
// center, talk or chat, its search understands a few words only, and it keeps everything in memory.
package zendesktest
