package imap

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// How mail is read: a pass begins with the state of all folders, and reads in each from the first UID that was not read to
// the last there was, a page after the other. Mail does not change and a UID is never given twice, so this is everything;
// the modification sequences of CONDSTORE tell of flags only, which are not read.

// every is the time between two passes: one command, where the server has LIST-STATUS.
const every = time.Minute

// Streams implements connectors.Source; it makes no request.
func (a *account) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: messages, Object: messages, Every: every}}, nil
}

// Read implements connectors.Source.
func (a *account) Read(ctx context.Context, stream string, after connectors.Cursor) (connectors.Page, error) {
	if err := a.known(stream); err != nil {
		return connectors.Page{}, err
	}
	c, err := parseCursor(after)
	if err != nil {
		return connectors.Page{}, err
	}
	blind := a.stuck(after)
	var page connectors.Page
	err = a.with(ctx, func(s *wire.Session) (err error) {
		page, err = a.read(ctx, s, c.clone(), blind)
		return err
	})
	a.unread(after, wire.Unreadable(err))
	if err != nil {
		return connectors.Page{}, err
	}
	return page, nil
}

func (a *account) known(stream string) error {
	if stream == messages {
		return nil
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "read", Reason: "there is no such stream; there is " + messages}
}

// clone returns a cursor that can be changed.
func (c cursor) clone() cursor {
	c.At, c.Todo = maps.Clone(c.At), slices.Clone(c.Todo)
	if c.At == nil {
		c.At = map[string][2]uint32{}
	}
	return c
}

// read returns the page after the cursor, which it moves.
func (a *account) read(ctx context.Context, s *wire.Session, c cursor, blind bool) (connectors.Page, error) {
	if len(c.Todo) == 0 {
		if err := a.begin(ctx, s, &c); err != nil {
			return connectors.Page{}, err
		}
	}
	var records []connectors.Record
	if len(c.Todo) > 0 {
		var err error
		if records, err = a.folder(ctx, s, &c, blind); err != nil {
			return connectors.Page{}, err
		}
	}
	more := len(c.Todo) > 0
	if !more {
		c.Since = 0
	}
	return connectors.Page{Records: records, Next: c.String(), More: more}, nil
}

// begin begins a pass: it finds the folders in which there is something to read. What is not listed any more is
// forgotten; should it come back, its mail is read again and is known already.
func (a *account) begin(ctx context.Context, s *wire.Session, c *cursor) error {
	if err := s.Leave(ctx); err != nil {
		return err
	}
	list, err := s.Folders(ctx, a.folders.reads)
	if err != nil {
		return err
	}
	slices.SortFunc(list, inboxFirst)
	at := map[string][2]uint32{}
	for _, f := range list {
		place, seen := c.At[f.Name]
		if f.Closed {
			if seen {
				at[f.Name] = place
			}
			continue
		}
		if f.Unsure {
			if seen {
				at[f.Name] = place
			}
			c.Todo = append(c.Todo, todo{Folder: f.Name}) // up to where is known once it is open
			continue
		}
		if !seen || place[0] != f.Validity {
			place = [2]uint32{f.Validity, 1}
		}
		at[f.Name] = place
		if last := lastOf(f.State); place[1] <= last && f.Messages > 0 {
			c.Todo = append(c.Todo, todo{Folder: f.Name, Last: last})
		}
	}
	c.At = at
	return nil
}

// lastOf is the greatest UID there may be in a folder.
func lastOf(s wire.State) uint32 {
	if s.Next == 0 { // it is not said
		return math.MaxUint32 - 1
	}
	return s.Next - 1
}

// inboxFirst orders folders by name, behind the one in which people look first.
func inboxFirst(a, b wire.Folder) int {
	if x, y := strings.EqualFold(a.Name, "INBOX"), strings.EqualFold(b.Name, "INBOX"); x != y {
		return map[bool]int{true: -1, false: 1}[x]
	}
	return cmp.Compare(a.Name, b.Name)
}

// folder reads the next page of the first folder there is something to read in, and moves the cursor behind it.
func (a *account) folder(ctx context.Context, s *wire.Session, c *cursor, blind bool) ([]connectors.Record, error) {
	t := &c.Todo[0]
	state, err := s.Open(ctx, t.Folder)
	switch {
	case connectors.KindOf(err) == connectors.NotFound: // since the pass began
		delete(c.At, t.Folder)
		c.Todo = c.Todo[1:]
		return nil, nil
	case wire.Refused(err, "NOPERM"): // it may be listed and not opened; the check says so
		c.Todo = c.Todo[1:]
		return nil, nil
	case err != nil:
		return nil, err
	}
	place := c.At[t.Folder]
	if place[0] != state.Validity {
		place, t.Last = [2]uint32{state.Validity, 1}, lastOf(state)
	}
	if t.Last == 0 {
		t.Last = lastOf(state)
	}
	uids, through, err := a.next(ctx, s, place[1], t.Last, a.sinceOf(*c))
	if err != nil {
		return nil, err
	}
	records, done, err := a.records(ctx, s, uids, blind)
	if err != nil {
		return nil, err
	}
	if done < len(uids) {
		uids, through = uids[:done], uids[done-1]
	}
	c.At[t.Folder] = [2]uint32{state.Validity, through + 1}
	if through >= t.Last {
		if state.Next == 0 { // nobody knows whether more came: look behind the last that there is
			c.At[t.Folder] = [2]uint32{state.Validity, behind(uids, place[1])}
		}
		c.Todo = c.Todo[1:]
	}
	return records, nil
}

// behind is the UID after the last one, or first when there is none.
func behind(uids []uint32, first uint32) uint32 {
	if len(uids) == 0 {
		return first
	}
	return uids[len(uids)-1] + 1
}

// spread is how many UIDs of a page's messages are looked through at once: where much was deleted, few of them are left.
const spread = 8

// next returns the UIDs of the next page from first to last, and up to which UID that is all there is.
func (a *account) next(ctx context.Context, s *wire.Session, first, last uint32, since wire.Since) (uids []uint32, through uint32, err error) {
	if first > last {
		return nil, last, nil
	}
	window := uint32(a.page * spread)
	end := first + min(window, last-first)
	if uids, err = s.Search(ctx, first, end, since); err != nil {
		return nil, 0, err
	}
	if len(uids) == 0 && end < last { // a gap of any width
		if first, err = s.First(ctx, end+1, last, since); err != nil || first == 0 {
			return nil, last, err
		}
		end = first + min(window, last-first)
		if uids, err = s.Search(ctx, first, end, since); err != nil {
			return nil, 0, err
		}
	}
	if len(uids) > a.page {
		uids = uids[:a.page]
		return uids, uids[a.page-1], nil
	}
	return uids, end, nil
}
