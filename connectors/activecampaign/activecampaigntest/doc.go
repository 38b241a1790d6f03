// Package activecampaigntest is one simulated ActiveCampaign account, as an http.Handler and a sender of webhooks. Its rows
// have the members and the odd types of recorded answers; its paging, its filters and its limit are those of the
// published document, and side-loading is that of programs which use it.
//
// It sends no letters, runs no automations and knows no permissions but deals that are hidden; it never imports the
// connector.
package activecampaigntest
