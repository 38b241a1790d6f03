package imap

import (
	"fmt"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/message"
	"github.com/millrace/millrace/connectors/imap/wire"
)

const (
	// headerBytes is how much of the fields that are read of a header is fetched: a header of a megabyte is no mail's.
	headerBytes = 64 << 10
	// textBytes is how much of a mail's text is kept with body full.
	textBytes = 64 << 10
	// pageBytes is how much text one page holds, about; a page is cut when its mails have more.
	pageBytes = 16 << 20
)

// settingsOf says what of a mail is kept and who is ours: what `own` names, and the user's address. It is ours also where
// the server wants another name to sign in with, when that looks like an address.
func settingsOf(v connectors.Values) message.Settings {
	var addresses, domains []string
	for _, one := range append([]string{v.String("user")}, v.List("own")...) {
		switch at := strings.LastIndexByte(one, '@'); {
		case at > 0:
			addresses = append(addresses, one)
		case strings.Contains(one, "."):
			domains = append(domains, one)
		}
	}
	return message.Settings{Own: message.NewOwn(addresses, domains), Body: message.Policy(v.String("body")), MaxBody: textBytes}
}

// checkOwn refuses what is neither an address nor a domain: it would be ours without anybody noticing that it is not.
func checkOwn(v connectors.Values) error {
	for _, name := range []string{"own", "allow"} {
		for _, one := range v.List(name) {
			if !strings.Contains(one, ".") || strings.ContainsAny(one, " /*<>") {
				return fmt.Errorf("%s: %q is no address such as sales@ours.example and no domain such as ours.example", name, one)
			}
		}
	}
	return nil
}

// wanted returns the sections that are needed of a mail, and how many bytes they have at most.
func (a *account) wanted(m wire.Mail) (list []wire.Section, bytes int) {
	for _, s := range message.Wanted(m.Header, structure(m.Structure), a.mail) {
		list = append(list, wire.Section{Path: s.Path, Most: s.Most})
		bytes += s.Most
	}
	return list, bytes
}

// compose makes the message of what was fetched.
func (a *account) compose(m wire.Mail) *message.Message {
	f := message.Fetched{Header: m.Header, Structure: structure(m.Structure), Received: m.Received}
	for _, s := range m.Sections {
		f.Sections = append(f.Sections, message.Section{Path: s.Path, Most: s.Most, Data: s.Data})
	}
	return message.Assemble(f, a.mail)
}

// structure is what the server says of the parts, as package message wants it.
func structure(s *wire.Structure) *message.Structure {
	if s == nil {
		return nil
	}
	out := &message.Structure{Type: s.Type, Params: s.Params, Disposition: s.Disposition, DispositionParams: s.DispositionParams,
		Encoding: s.Encoding, Size: s.Size}
	for i := range s.Parts {
		out.Parts = append(out.Parts, *structure(&s.Parts[i]))
	}
	return out
}
