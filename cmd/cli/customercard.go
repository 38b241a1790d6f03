package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/mapping/card"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// cards are the formats of `customer export` that are cards for address books.
var cards = map[string]func(*identity.Golden, card.Options) ([]byte, error){"jscontact": card.JSContact, "vcard": card.VCard}

func checkFormat(format string, raw bool) error {
	switch {
	case format != "json" && cards[format] == nil:
		return withCode(exitConfig, fmt.Errorf("--format %s: it is one of json, jscontact, vcard", format))
	case raw && format != "json":
		return withCode(exitConfig, errors.New("--raw goes with --format json only"))
	}
	return nil
}

// exportCard writes a customer as a card.
func (a *app) exportCard(ctx context.Context, term string, write func(*identity.Golden, card.Options) ([]byte, error)) error {
	var text []byte
	err := a.readCustomer(ctx, term, func(_ *hub, s *ledger.Snap, id string) error {
		e, err := s.Entity(id)
		if err != nil {
			return err
		}
		if e == nil {
			return errors.New("all its records are deleted: there is nothing to write on a card")
		}
		text, err = write(&e.Golden, card.Options{ID: id, Organization: func(ref string) string { return organizationName(s, ref) }})
		return err
	})
	if err != nil || text == nil { // a daemon has written it
		return err
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	_, err = a.out.Write(text)
	return err
}

// organizationName returns what one calls the organization of a record, "" when it is not known.
func organizationName(s *ledger.Snap, ref string) string {
	e, err := s.Resolve(ref)
	if err != nil || e == nil {
		return ""
	}
	return work.NameOf(e)
}
