package wire

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Mail is what was read of one message.
type Mail struct {
	UID       uint32
	Received  time.Time // INTERNALDATE: when it came into the folder, or what whoever put it there said
	Header    []byte    // its wanted fields
	Structure *Structure
	Sections  []Section
}

// Section is a part of a message by its place, and how many of its bytes are wanted.
type Section struct {
	Path []int
	Most int
	Data []byte
}

// Fields are those of a header that Headers reads, and how many bytes of them.
type Fields struct {
	Names     []string
	Most      int
	Structure bool // and what the server says of the message's parts
}

// Headers reads the headers of messages of the open folder, in one command, without marking them as seen. What is gone is
// not returned.
func (s *Session) Headers(ctx context.Context, uids []uint32, want Fields) (list []Mail, err error) {
	options := &imap.FetchOptions{UID: true, InternalDate: true}
	if want.Structure {
		options.BodyStructure = &imap.FetchItemBodyStructure{Extended: true}
	}
	if want.Most > 0 {
		options.BodySection = []*imap.FetchItemBodySection{{Peek: true, Specifier: imap.PartSpecifierHeader, HeaderFields: want.Names,
			Partial: &imap.SectionPartial{Size: int64(want.Most)}}}
	}
	err = s.runFor(ctx, "fetch", usualBytes+int64(len(uids))*int64(perMail+want.Most), func() error {
		return s.collect(s.client.Fetch(setOf(uids), options), func(m Mail, d imapclient.FetchItemDataBodySection) (Mail, error) {
			if d.Section.Specifier != imap.PartSpecifierHeader {
				return m, nil
			}
			if m.Header, err = literal(d.Literal, int64(want.Most)); m.Header == nil {
				m.Header = []byte{} // it has none of the fields
			}
			return m, err
		}, func(m Mail) { list = append(list, m) })
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Mail) int { return int(int64(a.UID) - int64(b.UID)) })
	return list, nil
}

// Query asks for the same sections of some messages.
type Query struct {
	UIDs     []uint32
	Sections []Section // without data
}

// Bodies reads the sections of a query, each with at most the bytes that are wanted. Queries are not sent ahead of each
// other's answers: Dovecot works on several at once and mixes their answers, which the library does not take apart.
func (s *Session) Bodies(ctx context.Context, q Query) (map[uint32][]Section, error) {
	options := &imap.FetchOptions{UID: true}
	most := int64(usualBytes)
	for _, section := range q.Sections {
		most += int64(len(q.UIDs)) * int64(section.Most+perMail)
		options.BodySection = append(options.BodySection, &imap.FetchItemBodySection{Peek: true, Part: section.Path,
			Partial: &imap.SectionPartial{Size: int64(section.Most)}})
	}
	found := map[uint32][]Section{}
	err := s.runFor(ctx, "fetch", most, func() error {
		return s.collect(s.client.Fetch(setOf(q.UIDs), options), q.take, func(m Mail) { found[m.UID] = m.Sections })
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Whole reads a message of the open folder from its first byte to its last, at most so many bytes, while it arrives: it is
// never held. There is none of a message that is gone: then take is not called.
func (s *Session) Whole(ctx context.Context, uid uint32, most int64, take func(io.Reader) error) error {
	options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}}
	return s.runFor(ctx, "fetch", usualBytes+most, func() error {
		return s.collect(s.client.Fetch(setOf([]uint32{uid}), options), func(m Mail, d imapclient.FetchItemDataBodySection) (Mail, error) {
			if m.UID != uid || d.Literal == nil {
				return m, nil
			}
			return m, take(d.Literal)
		}, func(Mail) {})
	})
}

// take adds a section that came.
func (q Query) take(m Mail, d imapclient.FetchItemDataBodySection) (Mail, error) {
	at := slices.IndexFunc(q.Sections, func(s Section) bool { return slices.Equal(s.Path, d.Section.Part) })
	if at < 0 {
		return m, nil
	}
	one := q.Sections[at]
	var err error
	if one.Data, err = literal(d.Literal, int64(one.Most)); one.Data == nil {
		one.Data = []byte{} // it came, and is empty
	}
	m.Sections = append(m.Sections, one)
	return m, err
}

func setOf(uids []uint32) (set imap.UIDSet) {
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}

// section takes a section out of an answer.
type section func(Mail, imapclient.FetchItemDataBodySection) (Mail, error)

// collect takes what the server says of each message. After an error the connection is ended, since the rest would be
// waited for otherwise.
func (s *Session) collect(cmd *imapclient.FetchCommand, body section, done func(Mail)) error {
	var failed error
	for d := cmd.Next(); d != nil; d = cmd.Next() {
		m, err := one(d, body)
		if err != nil && failed == nil {
			failed = err
			_ = s.conn.Close()
		}
		done(m)
	}
	if err := cmd.Close(); failed == nil {
		failed = err
	}
	return failed
}

// one takes what the server says of one message.
func one(d *imapclient.FetchMessageData, body section) (m Mail, err error) {
	for item := d.Next(); item != nil && err == nil; item = d.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = uint32(item.UID)
		case imapclient.FetchItemDataInternalDate:
			m.Received = item.Time
		case imapclient.FetchItemDataBodyStructure:
			m.Structure = structureOf(item.BodyStructure, 0)
		case imapclient.FetchItemDataBodySection:
			m, err = body(m, item)
		}
	}
	return m, err
}
