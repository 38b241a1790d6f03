// Package work turns an entity into the items a project tool should show: rules say which entities have an item, in
// which project and section, and what stands in its title, fields and notes.
//
// It is pure: everything it reads comes through Graph, which the ledger implements inside one snapshot. It does not
// know any project tool (package connectors has the contract), does not decide when to write, and does not remember
// what was written (package router/ledger).
//
// # Rules
//
// Millrace ships rules (Default); the configuration overlays them by the name of the rule, key by key:
//
//	version: 1
//	rules:
//	  - name: deals                # stays in the project tool for ever, as part of each item's key
//	    for: deal                  # deal, ticket, organization or person
//	    when: deal.status != ""    # optional: which entities have an item
//	    project: '"Deals"'         # required, as title is; every value is an expression of expr-lang
//	    section: stage?.name ?? deal.stage
//	    sections: map(pipeline?.stages ?? [], .name)   # all sections, in their order
//	    title: deal.label
//	    assignee: owner?.email ?? ""
//	    due: deal.expected_close_on
//	    notes: lines(pair("Amount", money(deal.amount)), links(sources))
//	    complete: deal.status in ["won", "lost"]
//	    close: complete            # complete, delete or ignore: what to do with an item that is no longer wanted
//	    fields:
//	      Amount: {type: number, value: 'deal.amount?.amount ?? ""'}   # text, number, count, enum or date
//	  - name: people
//	    off: true                  # removes a rule
//
// # What is told
//
// An item of a person or an organization may have a digest: what happened on a day, as one comment. It is an expression over
// `day` and `interactions`, the oldest first: at, kind, direction, subject, url, who. Those are the contacts a human had with
// the customer, each once, whichever records tell of it; a blank text leaves no comment:
//
//	digest: {hour: 18, zone: Europe/Zagreb}   # of the file: when a day ends; midnight in UTC unless it says otherwise
//	rules:
//	  - name: people
//	    digest: '"Contact on " + day + ": " + counts(interactions)'   # digest: null tells nothing
//
// A day is told when it has ended, and only what happened since the object was first shown. What arrives late is told with
// the next day within a week, and never later. Whatever arrives in which order, nothing is told twice on one object, and what
// the objects of two customers told that became one, neither tells again. A customer that comes to another card in another way
// (a person who gets an organization, a changed address) may have its last week told there, too.
//
// # What depends on the time
//
// A rule with `since`, `within` and perhaps `after` has items from a while after something happened and for so long:
//
//   - name: unanswered
//     for: person
//     when: person.unanswered != nil
//     since: person.unanswered?.since ?? ""
//     after: 24h                 # hours or days; at once when it is left out
//     within: 14d                # then the item is closed
//
// Plan says when an entity has to be planned anew although nothing of it changes; nobody has to look at all of them.
//
// # What is made once
//
// A rule with `once: true` makes its items and then leaves them to people: they are not written again, and not closed when
// `when` says no any more. What something was made for has happened at some time (`since`), and only within a span of days
// after that (`within`) is it made: neither has a default, since without a bound the first run over an old CRM starts
// something for everything that ever happened in it. `close` is then about entities that are deleted.
//
// Such a rule, and no other, may have a template: tasks that are made together, each with a name that is part of its key
// (onboarding.kick-off/deal_…) and stays for ever. What a task does not say is the rule's; a task may say title, section,
// assignee, due and notes. An overlay changes, adds and removes tasks by their names; one that is added is made for what
// happened within the span, too.
//
//   - name: onboarding
//     for: deal
//     when: deal.status == "won"
//     once: true
//     since: deal.won_at         # a date or a time; "" = not yet
//     within: 14d
//     project: '"Onboarding – " + deal.label'
//     assignee: owner?.email ?? ""
//     tasks:
//     kick-off: {title: '"Kick-off call"', due: 'workday(deal.won_at, 3)'}
//     training: null           # removes a task
//
// The tasks of one start are in one project, whatever it would be called later. A ledger that was lost finds what it
// started by the keys, in targets that can be asked for a key wherever the object is; in others in the project of that name.
//
// # Names
//
// The entity stands under the name of its kind, with the fields of the catalogue (package canonical) as members:
// deal.name, person.name.given. Besides, every entity has `id`, `label` (what one calls it: its name, or what comes
// closest), `custom` (custom.hubspot?.tier) and `attr` (attr.tier, what the configuration has promoted); people and
// organizations have `address`, the first of their addresses: street, locality, region, postcode, country by its English
// name, formatted. A text that no source claims is ""; a list is empty; an amount or a number is nil, so write
// deal.amount?.amount, and so is what a map does not have: person.labels.segment ?? "". References are texts,
// connection/object/id.
//
//	id, sources                        the entity's id; its records: ref, connection, object, id, url
//	deal, ticket                       organization, owner, pipeline, stage, contacts, person (the first of them)
//	deal                               open_tickets: of its customer, the most urgent first, then the oldest. They name its
//	                                   organization, or none but one of its contacts; a closed deal has none
//	person                             organization, owner, account_owner (of the organization), deals, tickets
//	organization                       owner, parent, deals, tickets, people
//
// How far people and organizations have come is derived from everything that is known (package lifecycle), now:
//
//	lifecycle.stage, rank, since       customer, 60, when that began; "" for somebody nothing is known of
//	lifecycle.entered                  stage → when it was entered: organization.lifecycle.entered.customer ?? ""
//	lifecycle.claimed                  what the sources say of it, in their own words
//	category, temperature              lead, prospect, opportunity or contact; cold, mql or sql
//	journey, crm_cycle                 awareness … advocacy; reach, engage, convert, retain or loyalty
//	categories                         of the rule's own entity: those of the team, from the lifecycle file
//
// Of the rule's own person or organization, last_contact is the newest interaction that a human had with it: at, kind,
// direction, subject, url, who; nil when there is none. Automated mail, opened newsletters, bounces, notes and what is planned
// for later are none. person.unanswered is the oldest e-mail of the person within the longest `within` of the rules that read it
// (14 days) that a human sent and nobody answered in its thread: subject, since, thread, url; nil when there is none.
// person.subscribed says whether one may send e-mail: Yes, No, Pending, "" when nobody knows.
//
// stage.kind of a deal is the kind of its stage across vendors (proposal), that of a ticket its status; deal.history
// and ticket.history are what they were before: [{ref, field, value, from, until}]. deal.won_at of a rule's own deal is when
// it was won for the first time, "" when it never was: when that was seen or the vendor says its stage was entered, else,
// of one that was won when it was first read, the date it named, if that is earlier.
//
// A related entity that does not exist is nil: write organization?.label ?? "". Only what the rules read is loaded,
// and Watches is derived from it, so a rule costs what it uses.
//
// # Functions
//
// The built-in ones of expr-lang, but for those that do not depend on their arguments alone, and these, which take nil
// for nothing:
//
//	money(amount)        12,500.00 EUR
//	date(time)           2026-11-22
//	workday(time, n)     2026-11-23, the date n working days later
//	of(customer, label)  Acme – Renewal, and just the label when it begins with the customer
//	words(token)         On hold, for on_hold
//	contact(person)      Ana Marić <ana@acme.example>, +385 1 555 0100
//	request(ticket)      Help (Urgent, On hold) https://…, its label, priority, status and page
//	touch(interaction)   2026-11-30, e-mail from Ana Marić: Offer
//	counts(interactions) 3 e-mails in, 1 call
//	links(sources)       a line for each record with its page
//	pair(name, value)    name: value, or nothing when the value is blank
//	lines(…)             its arguments that are not blank, one below the other
package work
