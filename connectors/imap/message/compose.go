package message

import (
	"time"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// message makes the message of what was collected.
func (c *collector) message(received time.Time) *Message {
	h := c.header
	m := &Message{
		MessageID: field.ID(h.Once("message-id", &c.notes)),
		Subject:   field.Cut(field.Text(h.Once("subject", &c.notes), c.hint, &c.notes), maxSubject),
		From:      c.addresses(h.Once("from", &c.notes)),
		Sender:    c.addresses(h.Once("sender", &c.notes)),
		ReplyTo:   c.addresses(h.All("reply-to")...),
		To:        c.addresses(h.All("to")...),
		Cc:        c.addresses(h.All("cc")...),
		Bcc:       c.addresses(h.All("bcc")...),
		ListID:    listID(h.Get("list-id")),
	}
	if topic := field.Topic(m.Subject); topic != m.Subject {
		m.Topic = topic
	}
	if len(m.ReplyTo) == 0 { // a list that writes in its own name says so here, as Google's do
		m.ReplyTo = c.addresses(h.Get("x-original-from"))
	}
	m.OccurredAt, m.Dated = c.when(received)
	said := c.takeBody(m)
	m.Attachments = c.attachments
	m.Bounce = c.bounce(said)
	m.ID = c.id(m)
	c.thread(m)
	m.Auto = c.auto(m)
	m.Automated = m.Auto != ""
	m.Direction = direction(m, c.settings.Own)
	m.Correspondents = correspondents(m, c.settings.Own)
	m.Problems = c.notes.All()
	return m
}

// maxSubject is in bytes.
const maxSubject = 2000

// addresses reads the lists of some fields as one. Nobody is in it twice.
func (c *collector) addresses(fields ...[]byte) (list []Address) {
	for _, f := range fields {
		list = append(list, field.Addresses(f, c.hint, &c.notes)...)
	}
	if len(list) < 2 {
		return list
	}
	seen := make(map[Address]bool, len(list))
	kept := list[:0]
	for _, a := range list {
		if !seen[a] && len(kept) < maxPeople {
			seen[a] = true
			kept = append(kept, a)
		}
	}
	return kept
}

// maxPeople is how many addresses are kept of one kind of field.
const maxPeople = 1000

// thread finds the message that began the thread.
func (c *collector) thread(m *Message) {
	answers := field.IDs(c.header.Get("in-reply-to"))
	if len(answers) > 0 {
		m.InReplyTo = answers[0]
	}
	references := field.IDs(c.header.Get("references"))
	if m.Bounce != nil && len(c.original) > 0 {
		o := field.Read(c.original, nil)
		if id := field.ID(o.Get("message-id")); id != "" && m.InReplyTo == "" {
			m.InReplyTo = id
		}
		if len(references) == 0 {
			references = field.IDs(o.Get("references"))
		}
	}
	switch {
	case len(references) > 0:
		m.Thread = references[0]
	case m.InReplyTo != "":
		m.Thread = m.InReplyTo
	case m.MessageID != "":
		m.Thread = m.MessageID
	default:
		m.Thread = m.ID
	}
}
