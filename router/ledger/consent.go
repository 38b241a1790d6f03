package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// An opt-out never goes by itself. What records ever said of consent is kept in rows of their own, beside the records: a
// row for an address (or a phone number, or a record that has none for the channel) and the record that spoke. It
// outlives deletion, other rules, filters, another address and another customer, and a golden record is made of what the
// live records say and of the opt-outs that nobody lifted. One is lifted by
//
//   - the same record that says opted_in later,
//   - another record of its connection that says opted_in of the same address, with a since of its own that is later,
//   - a person, of the addresses that the customer had at that time (Override),
//
// and not as long as a live record says it: of live claims the one that allows least counts. A claim that is missing
// lifts nothing. Of every kind of word only the latest is kept, so a row does not depend on the order of arrival
// (invariant 2). Rows of records that were forgotten, and of customers that were erased, are kept without their record
// under the keyed hash of the address, as the suppression list is.
//
// What is only waited for (pending) is no opt-out and ends with its record.
const (
	countConsents = "consents"        // rows
	countHashed   = "consents/erased" // of these, rows under a hash
	hashTerm      = "hash"            // + keyed hash of a term
	erasedObject  = "erased"          // of the record that stands for those of a connection that were erased
	consentForm   = 1
)

// The words that are kept.
const (
	saidOut   = 1 + iota // opted_out
	saidNever            // never
	saidIn               // opted_in: lifts what the same record said
	saidAgain            // opted_in with a since: lifts what others of the connection said
)

// saying is the latest word of one kind about a channel and a topic.
type saying struct {
	channel, topic string // the topic as written
	what           byte
	// at is when it was said, by the vendor's clock: of an opt-out the newest version that says it, of an opt-in its
	// since, for an old permission that is shown again is not a new one. A since counts too where it is later than the
	// version: somebody may leave a list, and come back, without a stamp on the record.
	at    time.Time
	since time.Time // as claimed; zero = not known
}

func (s *saying) forbids() bool { return s.what == saidOut || s.what == saidNever }

// about reports whether two words are about the same channel and topic.
func (s *saying) about(o *saying) bool {
	return s.channel == o.channel && identity.FoldTopic(s.topic) == identity.FoldTopic(o.topic)
}

func (s *saying) compare(o *saying) int {
	return cmp.Or(s.at.Compare(o.at), s.since.Compare(o.since), strings.Compare(s.topic, o.topic))
}

// consents is one row. That of a record with itself also lists all terms that it has rows of.
type consents struct {
	said  []saying // ascending by channel, topic and kind of word
	terms []string // ascending
}

// add keeps the later of equal words and reports whether the row changed.
func (r *consents) add(s saying) bool {
	order := func(a, b saying) int {
		return cmp.Or(strings.Compare(a.channel, b.channel),
			strings.Compare(identity.FoldTopic(a.topic), identity.FoldTopic(b.topic)), cmp.Compare(a.what, b.what))
	}
	at, found := slices.BinarySearchFunc(r.said, s, order)
	switch {
	case !found:
		r.said = slices.Insert(slices.Clip(r.said), at, s)
	case s.compare(&r.said[at]) > 0:
		r.said = slices.Clone(r.said)
		r.said[at] = s
	default:
		return false
	}
	return true
}

func (r *consents) encode() []byte {
	e := enc{consentForm}
	e.uint(uint64(len(r.said)))
	for _, s := range r.said {
		e.text(s.channel)
		e.text(s.topic)
		e.byte(s.what)
		e.time(s.at)
		e.time(s.since)
	}
	e.uint(uint64(len(r.terms)))
	for _, t := range r.terms {
		e.text(t)
	}
	return e
}

func decodeConsents(row []byte) (*consents, error) {
	d := dec{b: row}
	if d.byte() != consentForm {
		d.fail()
	}
	r := &consents{said: make([]saying, d.count())}
	for i := range r.said {
		r.said[i] = saying{channel: d.text(), topic: d.text(), what: d.byte(), at: d.time(), since: d.time()}
	}
	if n := d.count(); n > 0 {
		r.terms = make([]string, n)
		for i := range r.terms {
			r.terms[i] = d.text()
		}
	}
	if err := d.end(); err != nil {
		return nil, damaged(bConsent, "an address", err)
	}
	return r, nil
}

// refTerm is the term of a record: what is said of somebody by reference, or by a channel without an address.
func refTerm(key recKey) string {
	k := identity.RefKey(key.String())
	return term(&k)
}

func addressTerm(space, value string) string { return term(&identity.Key{Space: space, Value: value}) }

// spaceOf returns what kind of address a channel goes to, "" when it is none that is compared.
func spaceOf(channel string) string {
	switch channel {
	case "email":
		return identity.EmailSpace
	case "sms", "phone":
		return identity.PhoneSpace
	}
	return ""
}

// addressesOf lists the terms of the addresses of a kind that a profile has.
func addressesOf(p *canonical.Profile, space string) []string {
	var list []string
	add := func(value string) {
		if value != "" {
			list = append(list, addressTerm(space, value))
		}
	}
	email := space == identity.EmailSpace
	switch {
	case space == "":
	case p.Kind == canonical.Consent && email:
		address, _, err := canonical.CleanEmail(textOf(p, "email"))
		if err == nil {
			add(address)
		}
	case p.Kind == canonical.Consent:
		number, err := canonical.CleanPhone(textOf(p, "phone"), "")
		if err == nil {
			add(number.E164)
		}
	default:
		field, part := "phones", "e164"
		if email {
			field, part = "emails", "address"
		}
		gjson.ParseBytes(p.Get(field)).ForEach(func(_, e gjson.Result) bool {
			add(e.Get(part).Str)
			return true
		})
	}
	return list
}

// permissionsIn returns what a profile says of consent.
func permissionsIn(p *canonical.Profile) []canonical.Permission {
	switch p.Kind {
	case canonical.Person:
		return canonical.Read[[]canonical.Permission](p.Get("consents"))
	case canonical.Consent:
		c := canonical.Permission{Channel: textOf(p, "channel"), Topic: textOf(p, "topic"), Status: textOf(p, "status"),
			Since: textOf(p, "since"), LawfulBasis: textOf(p, "lawful_basis"), Source: textOf(p, "evidence.source"),
			Reason: textOf(p, "reason"), Evidence: textOf(p, "evidence.text")}
		if c.Topic == "" {
			c.Topic = textOf(p, "audience") // of one list, not of everything
		}
		if c.Channel == "" {
			c.Channel = "email"
			if textOf(p, "email") == "" && textOf(p, "phone") != "" {
				c.Channel = "phone"
			}
		}
		if c.Status != "" {
			return []canonical.Permission{c}
		}
	}
	return nil
}

// sayingsOf returns the words of one consent that are kept, none of one that only waits.
func sayingsOf(c *canonical.Permission, at stamp) []saying {
	s := saying{channel: c.Channel, topic: c.Topic, at: at.said()}
	if since, err := time.Parse(time.RFC3339, c.Since); err == nil {
		s.since = plain(since)
	}
	said := s.since // never later than it was read: a time that lies ahead is not believed
	if last := latest(s.at, at.seen); said.After(last) {
		said = last
	}
	switch rank := canonical.Restriction(c.Status); {
	case rank > canonical.Forbids:
		s.what, s.at = saidOut, latest(s.at, said)
	case rank == canonical.Forbids:
		s.what, s.at = saidNever, latest(s.at, said)
	case rank > canonical.Restriction("opted_in"):
		return nil
	case s.since.IsZero():
		s.what = saidIn
	default:
		s.at = said
		again := s
		s.what, again.what = saidIn, saidAgain
		return []saying{s, again}
	}
	return []saying{s}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// said is the time of a version, for what has no time of its own.
func (s stamp) said() time.Time {
	if s.version.IsZero() {
		return s.seen
	}
	return s.version
}

// statusOf returns the status that a kept word stands for.
func statusOf(what byte) string {
	if what == saidNever {
		return "never"
	}
	return "opted_out"
}

// erasedOf is the record that stands for those of a connection whose customers were erased.
func erasedOf(connection string) recKey {
	key, _ := keyOf(connectors.Ref{Connection: connection, Object: erasedObject, ID: "-"})
	return key
}
