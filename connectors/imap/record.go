package imap

import (
	"context"
	"fmt"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// records reads messages of the open folder and makes records of them.
func (a *account) records(ctx context.Context, s *wire.Session, uids []uint32) ([]connectors.Record, error) {
	mails, err := a.fetch(ctx, s, uids)
	if err != nil {
		return nil, err
	}
	seen := a.now().UTC()
	list := make([]connectors.Record, 0, len(mails))
	for _, m := range mails {
		made, err := a.compose.message(m)
		if err != nil {
			return nil, fmt.Errorf("compose: %w", err)
		}
		list = append(list, connectors.Record{Ref: connectors.Ref{Connection: a.connection, Object: messages, ID: made.id},
			Version: made.at, Seen: seen, Data: made.data})
	}
	return list, nil
}

// fetch reads what the configuration asks for of each message, and more of those that only that tells of: a report says
// in its body whom a mail did not reach, and a message without an id is known by its body.
func (a *account) fetch(ctx context.Context, s *wire.Session, uids []uint32) ([]wire.Mail, error) {
	mails, err := s.Fetch(ctx, uids, a.compose.want())
	if err != nil {
		return nil, err
	}
	if err := a.whole(ctx, s, uids, mails); err != nil {
		return nil, err
	}
	var further []uint32
	for _, m := range mails {
		if a.compose.needsBody(m) {
			further = append(further, m.UID)
		}
	}
	more, err := s.Fetch(ctx, further, wire.Want{Body: reportBody})
	if err != nil {
		return nil, err
	}
	bodies := map[uint32][]byte{}
	for _, m := range more {
		bodies[m.UID] = m.Body
	}
	for i := range mails {
		if body, ok := bodies[mails[i].UID]; ok {
			mails[i].Body = body
		}
	}
	return slices.DeleteFunc(mails, func(m wire.Mail) bool { // expunged between the two
		return slices.Contains(further, m.UID) && bodies[m.UID] == nil
	}), nil
}

// whole fails when the server left out messages that are still there. One that was expunged since it was found is gone, and
// nobody can read it any more; an answer that is too short must not pass for that.
func (a *account) whole(ctx context.Context, s *wire.Session, uids []uint32, mails []wire.Mail) error {
	got := map[uint32]bool{}
	for _, m := range mails {
		got[m.UID] = m.Header != nil || m.Body != nil
	}
	for _, uid := range uids {
		if got[uid] {
			continue
		}
		there, err := s.Search(ctx, uid, uid, a.since)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return &connectors.Error{Kind: connectors.Temporary, Op: "fetch", Reason: "the server left out messages that it has"}
		}
	}
	return nil
}
