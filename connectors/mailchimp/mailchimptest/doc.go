// Package mailchimptest is Mailchimp Marketing simulated: an http.Handler written from its OpenAPI document, its guides and
// recorded traffic, with its faults: members in an order that moves while they are read, archived ones left out, filters
// that exclude one end and include the other, no header that tells a quota.
//
// It does not send mail, and knows of templates, automations and stores nothing. It never imports connectors/mailchimp.
package mailchimptest
