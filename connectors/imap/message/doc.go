// Package message turns one mail into the record that the ledger keeps of it: who wrote to whom, when, in which thread, what
// about, and whether a person or a machine did.
//
//	m, err := message.Parse(raw, received, settings)      // the whole mail, streamed
//	m := message.Assemble(fetched, settings)              // a header, what the server says of its parts, and what Wanted asked for
//	record.Ref.ID, record.Data = m.ID, m.JSON()
//
// A mail is never refused and never lost: it is read as well as can be, and what was odd stands in its problems. Memory and
// time are bounded for whatever is sent: a header of a megabyte, a mail of 200, ten thousand parts in each other. What is
// returned is valid UTF-8 without control characters.
//
// The same mail is the same record wherever it lies: neither folder nor flags nor the way it was encoded for transfer are
// part of it. The package does not talk to a server, does not know who is a customer, does not check signatures and does not
// go into mails that are attached to mails.
package message
