package imap

import (
	"context"
	"io"

	"github.com/millrace/millrace/connectors/imap/message"
	"github.com/millrace/millrace/connectors/imap/wire"
)

const (
	// mostWhole is the largest mail that is read whole for the hashes of its attachments: what providers take is 25 MB.
	mostWhole = 36 << 20 // as it is encoded
	// pageWhole is how much of whole mails one page reads, about.
	pageWhole = 64 << 20
)

// hashed returns what the whole mail says, which is what made says and the hashes of attachments. A mail that is gone
// meanwhile has none.
func (a *account) hashed(ctx context.Context, s *wire.Session, m wire.Mail, made *message.Message) (*message.Message, error) {
	err := s.Whole(ctx, m.UID, 2*mostWhole, func(r io.Reader) error {
		whole, err := message.Parse(r, m.Received, a.mail)
		made = whole
		return err
	})
	return made, err
}

// sizeOf is how many bytes the parts have together, as the server says.
func sizeOf(s *wire.Structure) (n int64) {
	if s == nil {
		return 0
	}
	n = s.Size
	for i := range s.Parts {
		n += sizeOf(&s.Parts[i])
	}
	return n
}
