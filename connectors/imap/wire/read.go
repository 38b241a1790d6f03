package wire

import (
	"context"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Open opens a folder for reading (EXAMINE), unless it is open already, and returns its state. One that is not there is
// NotFound.
func (s *Session) Open(ctx context.Context, name string) (State, error) {
	if s.open.Name == name && s.open.Validity != 0 && !s.failed {
		return s.open, nil
	}
	s.open = State{}
	err := s.run(ctx, "open folder", func() error {
		d, err := s.client.Select(name, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err != nil {
			return err
		}
		s.open = State{Name: name, Validity: d.UIDValidity, Next: uint32(d.UIDNext), Messages: d.NumMessages}
		return nil
	})
	if err == nil && s.open.Validity == 0 {
		err = broken("open folder", "the server says no UIDVALIDITY")
	}
	return s.open, err
}

// Leave closes the folder that is open. While one is, a server may tell its state as it was when it was opened, also when
// another folder has taken its name since (Dovecot does; RFC 3501, 6.3.10, advises against asking).
func (s *Session) Leave(ctx context.Context) error {
	if s.open.Validity == 0 {
		return nil
	}
	s.open = State{}
	return s.run(ctx, "close folder", func() error {
		if s.Can("UNSELECT") || s.Can("IMAP4rev2") {
			return s.client.Unselect().Wait()
		}
		return s.client.UnselectAndExpunge().Wait() // CLOSE, which expunges nothing of a folder that is open for reading only
	})
}

// Since leaves out older messages, by day; the zero time leaves out none.
type Since struct {
	Arrived time.Time // that arrived before (INTERNALDATE)
	Either  time.Time // that both arrived before and were sent before (Date)
}

// Search returns the UIDs from first to last of messages in the open folder that are no drafts and not too old, in ascending
// order. The range has an end always: one that ends with * matches the last
// message, however far below its beginning that is.
func (s *Session) Search(ctx context.Context, first, last uint32, since Since) (list []uint32, err error) {
	err = s.run(ctx, "search", func() error {
		d, err := s.client.UIDSearch(criteria(first, last, since), s.extended(&imap.SearchOptions{ReturnAll: true})).Wait()
		if err != nil {
			return err
		}
		for _, uid := range d.AllUIDs() {
			if n := uint32(uid); n >= first && n <= last {
				list = append(list, n)
			}
		}
		return nil
	})
	slices.Sort(list)
	return slices.Compact(list), err
}

// First returns the least UID that Search would return, 0 for none, with a short answer where the server can.
func (s *Session) First(ctx context.Context, first, last uint32, since Since) (least uint32, err error) {
	options := s.extended(&imap.SearchOptions{ReturnMin: true})
	if options == nil {
		list, err := s.Search(ctx, first, last, since)
		if len(list) == 0 || err != nil {
			return 0, err
		}
		return list[0], nil
	}
	err = s.run(ctx, "search", func() error {
		d, err := s.client.UIDSearch(criteria(first, last, since), options).Wait()
		if err == nil && d.Min >= first && d.Min <= last {
			least = d.Min
		}
		return err
	})
	return least, err
}

// extended returns the options where the server has ESEARCH (RFC 4731), nil elsewhere.
func (s *Session) extended(o *imap.SearchOptions) *imap.SearchOptions {
	if s.Can("ESEARCH") || s.Can("IMAP4rev2") {
		return o
	}
	return nil
}

func criteria(first, last uint32, since Since) *imap.SearchCriteria {
	c := &imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(first), Stop: imap.UID(last)}}},
		NotFlag: []imap.Flag{imap.FlagDraft}, Since: since.Arrived}
	if !since.Either.IsZero() {
		c.Or = [][2]imap.SearchCriteria{{{Since: since.Either}, {SentSince: since.Either}}}
	}
	return c
}
