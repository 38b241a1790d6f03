package imap

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/message"
	"github.com/millrace/millrace/connectors/imap/wire"
)

// records reads messages of the open folder and makes records of them. It returns of how many it did, for a page with much
// text is cut.
func (a *account) records(ctx context.Context, s *wire.Session, uids []uint32, blind bool) ([]connectors.Record, int, error) {
	if len(uids) == 0 {
		return nil, 0, nil
	}
	mails, err := s.Headers(ctx, uids, wire.Fields{Names: message.Fields, Most: headerBytes, Structure: !blind})
	if err != nil {
		return nil, 0, err
	}
	if err := a.whole(ctx, s, uids, mails); err != nil {
		return nil, 0, err
	}
	done := len(uids)
	mails, cut, err := a.bodies(ctx, s, mails)
	if err != nil {
		return nil, 0, err
	}
	if cut > 0 {
		done = slices.Index(uids, cut) // the page ends before that one
	}
	seen := a.now().UTC()
	list := make([]connectors.Record, 0, len(mails))
	var read int64
	for _, m := range mails {
		made := a.compose(m)
		if size := sizeOf(m.Structure); a.hashes && len(made.Attachments) > 0 && size <= mostWhole {
			if read += size; read > pageWhole && len(list) > 0 {
				return list, slices.Index(uids, m.UID), nil
			}
			if made, err = a.hashed(ctx, s, m, made); err != nil {
				return nil, 0, err
			}
		}
		if blind {
			made.Problems = append(made.Problems, "the server's answer about its parts cannot be read")
		}
		list = append(list, connectors.Record{Ref: connectors.Ref{Connection: a.connection, Object: messages, ID: made.ID},
			Version: made.OccurredAt, Seen: seen, Data: made.JSON()})
	}
	return list, done, nil
}

// bodies reads the sections that are needed of each mail: none for most without a policy that keeps text, but a report says
// in its body whom a mail did not reach, and a mail without a Message-ID is known by its text. Mails with the same
// parts are asked for together. cut is the UID of the first mail that is left to the next page, 0 for none.
func (a *account) bodies(ctx context.Context, s *wire.Session, mails []wire.Mail) (whole []wire.Mail, cut uint32, err error) {
	var queries []wire.Query
	at := map[string]int{}
	total := 0
	for i, m := range mails {
		sections, bytes := a.wanted(m)
		if total += bytes; total > pageBytes && i > 0 {
			mails, cut = mails[:i], m.UID
			break
		}
		if len(sections) == 0 {
			continue
		}
		key := fmt.Sprint(sections)
		if _, ok := at[key]; !ok {
			at[key] = len(queries)
			queries = append(queries, wire.Query{Sections: sections})
		}
		queries[at[key]].UIDs = append(queries[at[key]].UIDs, m.UID)
	}
	found, gone := map[uint32][]wire.Section{}, map[uint32]bool{}
	for _, q := range queries {
		some, err := s.Bodies(ctx, q)
		if err != nil {
			return nil, 0, err
		}
		maps.Copy(found, some)
		for _, uid := range q.UIDs {
			_, ok := some[uid]
			gone[uid] = !ok // expunged since its header was read, or left out
		}
	}
	for i := range mails {
		mails[i].Sections = found[mails[i].UID]
	}
	if err := a.stillThere(ctx, s, gone); err != nil {
		return nil, 0, err
	}
	return slices.DeleteFunc(mails, func(m wire.Mail) bool { return gone[m.UID] }), cut, nil
}

// whole fails when the server left out messages that are still there.
func (a *account) whole(ctx context.Context, s *wire.Session, uids []uint32, mails []wire.Mail) error {
	missing := map[uint32]bool{}
	for _, uid := range uids {
		missing[uid] = true
	}
	for _, m := range mails {
		missing[m.UID] = m.Header == nil
	}
	return a.stillThere(ctx, s, missing)
}

// stillThere fails when the server has one of the messages that it did not return. One that was expunged since it was found
// is gone, and nobody can read it any more; an answer that is too short must not pass for that.
func (a *account) stillThere(ctx context.Context, s *wire.Session, missing map[uint32]bool) error {
	for uid, is := range missing {
		if !is {
			continue
		}
		there, err := s.Search(ctx, uid, uid, wire.Since{Arrived: a.since})
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return &connectors.Error{Kind: connectors.Temporary, Op: "fetch", Reason: "the server left out messages that it has"}
		}
	}
	return nil
}
