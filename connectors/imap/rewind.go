package imap

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// wide is how much earlier than an instant the mail of that instant may be dated. Days are in the server's zone, which it does
// not tell, and zones reach from 12 hours behind to 14 ahead; and a mail may count as of a time up to 48 hours after its arrival.
const wide = 38*time.Hour + 48*time.Hour

// CursorAt implements connectors.Rewinder: all folders are read again from their beginning, less what both arrived and was
// sent on earlier days. Either alone may be years off: mail that was moved from another server keeps its Date and gets a new
// time of arrival, or the other way round.
func (a *account) CursorAt(stream string, since time.Time) (connectors.Cursor, error) {
	if err := a.known(stream); err != nil {
		return "", err
	}
	if since.IsZero() {
		return "", nil
	}
	return cursor{Since: max(1, since.Add(-wide).Unix())}.String(), nil
}

// Count implements connectors.Counter. A mail that lies in two folders is counted twice, and so is all of a virtual folder.
func (a *account) Count(ctx context.Context, stream string) (n int64, err error) {
	if err := a.known(stream); err != nil {
		return 0, err
	}
	err = a.with(ctx, func(s *wire.Session) error {
		n = 0
		if err := s.Leave(ctx); err != nil {
			return err
		}
		list, err := s.Folders(ctx, a.folders.reads)
		for _, f := range list {
			n += int64(f.Messages)
		}
		return err
	})
	return n, err
}
