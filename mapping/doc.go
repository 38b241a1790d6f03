// Package mapping turns a vendor's record into a canonical profile by declared rules: which object is which kind,
// which path of the JSON holds which field, and what becomes of it on the way. Rules are checked completely when they
// are loaded; mapping itself is a pure function of record and rules.
//
// It does not read vendors (package connectors), decide who is the same customer (mapping/identity), show anything
// (mapping/work) or store anything (router/ledger).
//
// # Rules
//
// A connector ships one file, and the configuration may overlay it with more: objects and fields are added or
// replaced by name, everything else stays. A field set to null is removed.
//
//	version: 1
//	objects:
//	  contacts:                       # the Object of the records' refs
//	    kind: person
//	    id: id                        # optional: this path must hold the record's id
//	    where:                        # optional, named: a record for which one is false is filtered by that name
//	      test contacts: record.properties.test != "1"
//	    known: {addresses: properties.email, list: $allow} # optional, see below
//	    fields:
//	      name.given: properties.firstname
//	      emails:
//	        each:
//	          - {path: properties.email, type: work, primary: true}
//	          - {path: properties.hs_additional_emails, split: ";"}
//	      owner: {path: properties.hubspot_owner_id, ref: owners}
//	      organization: {path: "associations.companies.results[type=contact_to_company].id", ref: companies}
//	      amount: {path: properties.amount, currency: properties.deal_currency_code}
//	      status: {expr: 'record.properties.hs_is_closed == "true" ? "closed" : "open"'}
//	      addresses: {type: work, lines: [properties.address], locality: properties.city, country: properties.country}
//	      lifecycle.entered: {in: "properties.hs_v2_date_entered_*"}
//	      custom.hubspot.tier: {path: properties.tier, type: enum}
//	    promote:
//	      attr.tier: {from: custom.hubspot.tier}
//	    same:
//	      - {path: properties.hs_merged_object_ids, split: ";", ref: contacts}
//	      - {path: properties.salesforcecontactid, ref: "salesforce:Contact"}
//	  deal_changes:                   # the past of other records, see below
//	    kind: deal
//	    past: {path: deal_id, ref: deals}
//	    fields: {stage: new_stage}
//
// The short form of a field is a path; its transform follows from the field's type. The long form has these keys:
//
//	path      one path, or a list of which the first that is not blank counts
//	expr      instead of a path: an expression; it reads `record`, `id` and `object`, and nil claims nothing
//	value     instead of a path: a constant
//	template  instead of a path: a text in which `{id}` is the record's id, `{$name}` a variable that the connection
//	          sets and every other `{…}` a path; it claims nothing when one of them is missing
//	each      for list fields: a list of long forms, all of which count, in order
//	split     separator of several values in one text
//	ref       the object a reference points to; `connector:Object` points into the connection of another connector
//	          that the configuration names as this one's peer, and claims nothing when it names none;
//	          {"003": Contact, "00Q": Lead} chooses by the beginning of the id, and others claim nothing; `$name` takes
//	          connector:Object from a variable that the connection sets, and claims nothing without it
//	currency  for money: a path, or a constant of three capital letters
//	scale     for numbers, money and the probability of stages: what to multiply by, a power of ten; "0.01" for cents
//	unit      for times and dates: `s` when a number counts seconds, not milliseconds
//	zone      for times and dates that do not say their offset: an IANA name
//	calendar  for dates: persian, buddhist or islamic; what is claimed is always Gregorian
//	region    for phone numbers without a country code: a path, or a constant such as DE; without it the country of the
//	          record's first address counts, then the connection's variable `region`
//	values    translation of values, by the text the vendor writes; `"*"` is for all others
//	as        `text`: take numbers and booleans as text where a text is wanted
//	type      for e-mail addresses and phone numbers: work, home …; for custom fields: the field's type
//	primary, shared     for e-mail addresses and phone numbers
//	verified, status    for e-mail addresses
//	bounced   for e-mail addresses: a path; when anything stands there, the address is bounced, and since when if it is a time
//	stage     for the stages of a pipeline: the paths of id, name, order, probability, closed and won in an element, and of
//	          forecast where the vendor says how sure a stage is: then no label decides the kind of a stage; kind is the
//	          vendor's own word for the status of a ticket in a stage, and goes before what the label says
//
// # Lists of objects, and maps
//
// A field whose type is made of parts (canonical.Parts: addresses, identifiers, affiliations, consents …) is one element,
// or `each` of several. An element gives its parts by name. The short form of a part is a path, but that of one which
// only describes the others (type, scheme, service, channel, role) is a constant; of `lines` all paths of a list count.
// With `in`, each value at that path is an element, and the paths of its parts begin there:
//
//	identifiers:
//	  each:
//	    - {scheme: vat, value: properties.vat_number}
//	    - {in: "properties.numbers[*]", scheme: {path: kind}, value: number}
//	stage_history: {in: "properties.hs_v2_date_entered_*", except: [current_stage], stage: $key, entered_at: $value}
//
// A star in the last name of `in` stands for the names the rule cannot know; $key is what it stands for, $value what is
// found there. Blank values are passed over, `except` lists what the star does not stand for. An element that says
// nothing, or nothing that an earlier one does not, is left out.
//
// An entry of a map (lifecycle.entered, labels, metrics …) is {name: lead, path: …}; with a star in `in`, the star is
// the name: lifecycle.entered: {in: "properties.hs_lifecyclestage_*_date"}.
//
// # Only with somebody who is known
//
// A mailbox is full of mail that is nobody's business here. With `known` a record is kept only when a live customer holds
// one of its e-mail addresses, or an organization its domain (not that of free mail); what is not is filtered by the name
// "unknown correspondents", and read again as soon as somebody is known. What was kept once stays. Its keys are:
//
//	addresses  a path, or a list of which all count: the addresses of those of whom one has to be known. Leave out our
//	           own, who are always known
//	list       what is kept whoever is known: addresses and domains, with all below them; `$name` takes them from a
//	           variable that the connection sets, separated by commas or blanks
//	allow      an expression; a record for which it is true is kept whoever is known. It reads `vars`, too, which are the
//	           variables that the connection sets: 'vars.keep == "all"'
//
// # What other records were
//
// Some vendors keep the changes of an object in rows of their own. With `past` a record is none of its own: its fields are
// what the record named there became at the time of this one's version, and go into that one's history; fields that no
// history is kept of say nothing. null says that the field became empty, a missing path that it did not change.
//
// # Custom attributes
//
// custom.<vendor>.<name> is a vendor's own attribute; its `type` is one of the tags of package canonical, without it what
// the value looks like. `custom` takes everything that no other rule of the object takes, and `promote` gives an
// attribute a name that is the same for all vendors, which survives and is shown as a field does:
//
//	custom: {from: properties, as: hubspot, only: [c_*], except: [hs_*], types: {tier: enum, topics: {type: multi_enum, split: ";"}}}
//	promote: {attr.tier: {from: custom.hubspot.tier}}
//
// Where the vendor lists the types of its fields, the connector composes members {"t": "enum", "v": "Gold"}, and
// `typed: true` takes tag and value from them; `types` goes before.
//
// # Paths
//
// A path is names separated by dots; `\.` is a dot within a name. A name may be followed by one selector for a list:
// [*] all elements, [0] one of them, [key=text] those whose key has that text, [key!=text] all others. References
// found under one path are sorted, for vendors list associations in no order; several paths keep theirs.
//
// # Three answers
//
// A path that is missing from a record claims nothing; null and blank text claim "empty". A value that cannot be what
// its field wants (a number for a text, a date that is none) claims nothing and is a Warning: the record is still
// applied. A record whose JSON is broken or that is another record than its reference says is an error.
package mapping
