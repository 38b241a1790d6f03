package imaptest

import (
	"bytes"
	"fmt"
	"net/mail"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// CreateFolder makes a folder.
func (s *Server) CreateFolder(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.user.Create(name, nil); err == nil {
		s.mail[name] = nil
	}
}

// DeleteFolder deletes a folder with all that is in it.
func (s *Server) DeleteFolder(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.user.Delete(name)
	delete(s.mail, name)
}

// Folders lists the folders that hold messages, in no order that means anything.
func (s *Server) Folders() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.mail {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names
}

func (s *Server) use(name string) imap.MailboxAttr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uses[name]
}

// Append puts a message into a folder, as delivered now, and returns its UID.
func (s *Server) Append(folder string, raw []byte, flags ...string) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(folder, raw, s.clock.Now(), flags...)
}

// AppendAt is Append with a time of arrival.
func (s *Server) AppendAt(folder string, raw []byte, at time.Time) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(folder, raw, at)
}

func (s *Server) put(folder string, raw []byte, at time.Time, flags ...string) (uint32, error) {
	o := &imap.AppendOptions{Time: at}
	for _, flag := range flags {
		o.Flags = append(o.Flags, imap.Flag(flag))
	}
	d, err := s.user.Append(folder, literal{bytes.NewReader(raw)}, o)
	if err != nil {
		return 0, fmt.Errorf("append to %s: %w", folder, err)
	}
	s.mail[folder] = append(s.mail[folder], letter{uid: uint32(d.UID), raw: raw, at: at})
	return uint32(d.UID), nil
}

// literal is a message as the library wants it.
type literal struct{ *bytes.Reader }

// Size implements imap.LiteralReader.
func (l literal) Size() int64 { return l.Reader.Size() }

// Expunge takes a message out of a folder for good.
func (s *Server) Expunge(folder string, uid uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := imapmemserver.NewUserSession(s.user)
	if _, err := x.Select(folder, nil); err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	set := imap.UIDSetNum(imap.UID(uid))
	if err := x.Store(nil, set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}, &imap.StoreOptions{}); err != nil {
		return err
	}
	s.mail[folder] = slices.DeleteFunc(s.mail[folder], func(l letter) bool { return l.uid == uid })
	return x.Expunge(nil, &set)
}

// Renumber gives a folder another UIDVALIDITY and its messages other UIDs, as a server does whose index was lost. Whoever
// has the folder open is sent away.
func (s *Server) Renumber(folder string) error {
	s.mu.Lock()
	kept := s.mail[folder]
	s.mail[folder] = nil
	err := s.user.Delete(folder)
	if err == nil {
		err = s.user.Create(folder, nil)
	}
	slices.Reverse(kept)
	for _, l := range kept {
		if err == nil {
			_, err = s.put(folder, l.raw, l.at)
		}
	}
	s.mu.Unlock()
	s.Cut()
	return err
}

// UIDs returns the UIDs of the messages of a folder by their subjects, as they are written.
func (s *Server) UIDs(folder string) map[string]uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]uint32{}
	for _, l := range s.mail[folder] {
		m, err := mail.ReadMessage(bytes.NewReader(l.raw))
		if err == nil {
			out[m.Header.Get("Subject")] = l.uid
		}
	}
	return out
}
