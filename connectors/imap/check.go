package imap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// maxSkew is how far ahead of our clock a mail may have arrived.
const maxSkew = 5 * time.Minute

// Check implements connectors.Checker with one connection, a listing of the folders and a look at the newest mail.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	var list []connectors.Finding
	err := a.with(ctx, func(s *wire.Session) (err error) {
		list, err = a.findings(ctx, s)
		return err
	})
	var refused *connectors.Error
	if errors.As(err, &refused) && refused.Kind == connectors.Denied {
		return []connectors.Finding{{What: refused.Op, Detail: refusal(refused, a.server.Tokens != nil)}}, nil
	}
	return list, err
}

// refusal says what to do about a refused connection or sign-in.
func refusal(e *connectors.Error, byToken bool) string {
	text := e.Reason
	if text == "" {
		text = "the server refuses it"
	}
	if e.Op != "sign in" {
		return text
	}
	if byToken {
		return text + "; check user and whether IMAP is turned on for the mailbox, and sign in again with `millrace auth`"
	}
	return text + "; check user and password (Google, Yahoo and others want an app password, Microsoft takes OAuth only) and whether IMAP is turned on for the mailbox"
}

func (a *account) findings(ctx context.Context, s *wire.Session) ([]connectors.Finding, error) {
	list := []connectors.Finding{{OK: true, What: "connection", Detail: protection[a.server.Security]}, {OK: true, What: "sign-in", Detail: "accepted"}}
	if err := s.Leave(ctx); err != nil {
		return nil, err
	}
	all, err := s.Folders(ctx, func(wire.Folder) bool { return true })
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, inboxFirst)
	list = append(list, a.checkFolders(all), checkAbilities(s))
	for _, name := range a.watch {
		if !slices.ContainsFunc(all, func(f wire.Folder) bool { return strings.EqualFold(f.Name, name) && !f.Closed }) {
			list = append(list, connectors.Finding{What: "watch", Detail: fmt.Sprintf("there is no folder %q; correct `watch`", name)})
		}
	}
	clock, err := a.checkClock(ctx, s, all)
	return append(list, clock), err
}

// protection says how a connection is encrypted.
var protection = map[wire.Security]string{
	wire.TLS: "encrypted by TLS", wire.StartTLS: "encrypted after STARTTLS", wire.None: "not encrypted; this machine only",
}

// checkFolders says what is read. Names of folders are the user's own words, and are shown to whom they belong.
func (a *account) checkFolders(all []wire.Folder) connectors.Finding {
	var read, left, closed []string
	mails := 0
	for _, f := range all {
		switch {
		case !a.folders.reads(f):
			left = append(left, f.Name)
		case f.Closed:
			closed = append(closed, f.Name)
		default:
			read, mails = append(read, f.Name), mails+int(f.Messages)
		}
	}
	f := connectors.Finding{OK: len(read) > 0 && len(closed) == 0, What: "folders", Detail: fmt.Sprintf("%d with %d messages: %s", len(read), mails, some(read))}
	if len(left) > 0 {
		f.Detail += "; not read: " + some(left)
	}
	if len(closed) > 0 {
		f.Detail += "; cannot be opened: " + some(closed) + "; give the user the right to read them, or name them in `exclude`"
	}
	if len(read) == 0 {
		f.Detail = "none of " + some(append(left, closed...)) + " is read; correct `folders` and `exclude`"
	}
	return f
}

// some shows the first names of a list.
func some(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func checkAbilities(s *wire.Session) connectors.Finding {
	f := connectors.Finding{OK: true, What: "abilities", Detail: "new mail is heard of at once (IDLE)"}
	if !s.Can("IDLE") && !s.Can("IMAP4rev2") {
		f.Detail = "the server has no IDLE: new mail comes by polling only"
	}
	if !s.Can("LIST-STATUS") && !s.Can("IMAP4rev2") {
		f.Detail += "; no LIST-STATUS: a poll asks for each folder by itself"
	}
	return f
}

// checkClock compares our clock with the arrival of the newest mail of the inbox: IMAP tells no time.
func (a *account) checkClock(ctx context.Context, s *wire.Session, all []wire.Folder) (connectors.Finding, error) {
	f := connectors.Finding{OK: true, What: "clock", Detail: "IMAP tells no time; the newest mail is not from the future"}
	at := slices.IndexFunc(all, func(f wire.Folder) bool { return strings.EqualFold(f.Name, "INBOX") && f.Messages > 0 && f.Next > 1 })
	if at < 0 {
		return f, nil
	}
	if _, err := s.Open(ctx, all[at].Name); err != nil {
		return f, err
	}
	newest, err := s.Headers(ctx, []uint32{all[at].Next - 1}, wire.Fields{})
	if err != nil {
		return f, err
	}
	for _, m := range newest {
		if ahead := m.Received.Sub(a.now()).Round(time.Second); ahead > maxSkew {
			f.OK, f.Detail = false, fmt.Sprintf("the newest mail arrived %v ahead of our clock; set this machine's clock", ahead)
		}
	}
	return f, nil
}
