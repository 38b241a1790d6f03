package cli

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/millrace/millrace/router/ledger"
)

// mostMatches is how many customers of one term are listed to choose from.
const mostMatches = 20

// severalError says that a term names more than one customer.
type severalError struct {
	term    string
	matches []brief
	more    bool
}

func (e *severalError) Error() string {
	n := plural(len(e.matches), "customer")
	if e.more {
		n = fmt.Sprintf("more than %d customers", len(e.matches))
	}
	return "this is known of " + n + "; name one by its id"
}

// findCustomer returns the id of the one entity that a term names: an id, a record, an address, a number, a domain.
// Its error says what to do and does not repeat the term, which may be personal.
func findCustomer(s *ledger.Snap, term string) (string, error) {
	ids, err := s.Find(term, mostMatches+1)
	if err != nil {
		return "", err
	}
	switch len(ids) {
	case 0:
		return "", nobody(s, term)
	case 1:
		return ids[0], nil
	}
	several := &severalError{term: term, more: len(ids) > mostMatches}
	for _, id := range ids[:min(len(ids), mostMatches)] {
		e, err := s.Entity(id)
		if err != nil {
			return "", err
		}
		if e == nil {
			several.matches = append(several.matches, brief{ID: id, Gone: true})
			continue
		}
		several.matches = append(several.matches, briefOf(e))
	}
	return "", several
}

// nobody says why a term names nobody.
func nobody(s *ledger.Snap, term string) error {
	if at, erased, err := s.Erased(term); err != nil || erased {
		return cmp.Or(err, fmt.Errorf("this customer was erased on %s; nothing is kept of it", at.UTC().Format(time.DateOnly)))
	}
	return errors.New("nobody is known by that; give an id, a record connection/object/id, an e-mail address, a phone number or a domain, or see `millrace customer list`")
}

func (a *app) printSeveral(e *severalError) {
	if a.json {
		writeJSON(a.out, map[string]any{"matches": e.matches, "more": e.more})
		return
	}
	t := table{}
	t.row("ID", "KIND", "RECORDS", "NAME")
	for _, m := range e.matches {
		name := m.Label
		if m.Gone {
			name = "(all its records are deleted)"
		}
		t.row(m.ID, m.Kind, fmt.Sprint(len(m.Refs)), name)
	}
	t.write(a.out, a.columns)
}
