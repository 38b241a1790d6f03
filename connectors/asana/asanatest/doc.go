// Package asanatest is Asana simulated as an http.Handler: it stores what is written to it and answers what was asked,
// with the status codes, bodies, limits and oddities of the published contract, so that the connector, the demo and a
// person with a browser meet the same project tool without an account.
//
// It covers what a target needs (users, projects, sections, tasks, subtasks, stories, custom fields, tags, external
// data, batch, events, webhooks, OAuth) and answers 404 to the rest. It is written from Asana's OpenAPI file, from its
// developer pages and from recorded exchanges; where those are silent the choice is marked "unverified" beside it.
// It never imports connectors/asana: a mistake in our reading of the contract must not be made twice by one hand.
package asanatest
