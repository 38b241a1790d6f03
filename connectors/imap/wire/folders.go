package wire

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Folder is one folder that can hold messages.
type Folder struct {
	Name string
	// Uses are what the server says it is for (RFC 6154), in lower case: `trash`, `junk`, `drafts`, `sent`, `all` …
	Uses []string
	State
	// Closed says that the server names the folder and tells nothing of it: we may not open it, or it is gone.
	Closed bool
	// Unsure says that what it tells cannot be: Dovecot has an empty folder with the UIDVALIDITY 0 as long as another session
	// reads it for the first time. Only opening it tells.
	Unsure bool
}

// State is where a folder is.
type State struct {
	Name     string
	Validity uint32 // UIDVALIDITY: UIDs mean something only together with it
	Next     uint32 // UIDNEXT: every UID that comes is at least that; 0 = the server does not say
	Messages uint32
}

// mostFolders bounds a listing.
const mostFolders = 10_000

// statuses is how many STATUS commands are under way at once.
const statuses = 64

// Folders lists the folders that can hold messages, with the state of those that are wanted: in one command where the
// server has LIST-STATUS, else in one more for each, many at a time.
func (s *Session) Folders(ctx context.Context, wanted func(Folder) bool) ([]Folder, error) {
	const op = "list folders"
	both := s.Can("LIST-STATUS") || s.Can("IMAP4rev2")
	var options *imap.ListOptions
	if both {
		options = &imap.ListOptions{ReturnStatus: &state}
		options.ReturnSpecialUse = s.Can("SPECIAL-USE")
	}
	var list []Folder
	err := s.run(ctx, op, func() error {
		listed, err := s.client.List("", "*", options).Collect()
		if err == nil && len(listed) > mostFolders {
			err = errTooMuch
		}
		if err != nil {
			return err
		}
		list = selectable(listed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(f Folder) bool { return !wanted(f) })
	var untold []*Folder // without LIST-STATUS all; and a server in trouble may leave some out (RFC 5819, 2)
	for i := range list {
		if list[i].Closed {
			untold = append(untold, &list[i])
		}
	}
	for from := 0; from < len(untold); from += statuses {
		if err := s.ask(ctx, untold[from:min(from+statuses, len(untold))]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// state is what is asked of every folder.
var state = imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}

// selectable returns the folders of a listing that can be opened, each once.
func selectable(listed []*imap.ListData) (list []Folder) {
	seen := map[string]bool{}
	for _, d := range listed {
		f := Folder{Name: d.Mailbox, Closed: true}
		skip := seen[f.Name]
		for _, attr := range d.Attrs {
			use := strings.ToLower(strings.TrimPrefix(string(attr), `\`))
			skip = skip || use == "noselect" || use == "nonexistent"
			f.Uses = append(f.Uses, use)
		}
		if skip {
			continue
		}
		seen[f.Name] = true
		f.take(d.Status)
		list = append(list, f)
	}
	return list
}

// take notes what the server said of the folder.
func (f *Folder) take(d *imap.StatusData) {
	if d == nil {
		return
	}
	f.Unsure = d.UIDValidity == 0
	f.Closed, f.State = false, State{Name: f.Name, Validity: d.UIDValidity, Next: uint32(d.UIDNext)}
	if d.NumMessages != nil {
		f.Messages = *d.NumMessages
	}
}

// ask asks for the state of folders, of all before the first answer is waited for. One that the server does not tell of
// stays closed.
func (s *Session) ask(ctx context.Context, list []*Folder) error {
	return s.run(ctx, "ask for folders", func() error {
		asked := make([]*imapclient.StatusCommand, len(list))
		for i := range list {
			asked[i] = s.client.Status(list[i].Name, &state)
		}
		var failed error
		for i, cmd := range asked {
			d, err := cmd.Wait()
			var no *imap.Error
			switch {
			case err == nil:
				list[i].take(d)
			case errors.As(err, &no) && (no.Code == imap.ResponseCodeNoPerm || no.Code == imap.ResponseCodeNonExistent):
			default:
				failed = err
			}
		}
		return failed
	})
}
