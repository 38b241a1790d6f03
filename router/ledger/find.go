package ledger

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Find returns the entities known under a term, at most limit, ascending: the entity of an id (a former one leads to the
// present one), of a record (connection/object/id), those with an e-mail address, a phone number or a domain. An address
// or a number that identifies nobody, such as that of a role, is looked for in every profile, which takes a second for
// some hundred thousand records. What is none of these, or is not known, is no error and finds nothing.
func (s *Snap) Find(name string, limit int) ([]string, error) {
	if id, err := s.findNamed(name); err != nil || id != "" {
		return oneOrNone(id), err
	}
	keys, text := findKeys(name)
	if text == "" {
		return nil, nil
	}
	found := map[string]bool{}
	for i := range keys {
		for key := range below(s.r, bKey, s.l.under(term(&keys[i]))) {
			if err := s.findIn(key, found); err != nil {
				return nil, err
			}
			if len(found) >= limit {
				return sortedKeys(found), nil
			}
		}
	}
	if len(found) > 0 {
		return sortedKeys(found), s.r.Err()
	}
	return s.findText(text, limit)
}

func oneOrNone(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

// findNamed returns the entity that a term names by its id or one of its records, "" for none.
func (s *Snap) findNamed(term string) (string, error) {
	if _, _, err := parseEntityID(term); err == nil {
		return s.Current(term)
	}
	if key, err := keyOfText(term); err == nil {
		return s.owner(key)
	}
	return "", nil
}

// findKeys returns the keys that a term can be, and what it looks like in a profile; "" for what is no term.
func findKeys(term string) (keys []identity.Key, text string) {
	if address, _, err := canonical.CleanEmail(term); err == nil {
		return []identity.Key{{Space: identity.EmailSpace, Value: address}}, address
	}
	if n, err := canonical.CleanPhone(term, ""); err == nil && n.E164 != "" {
		return []identity.Key{{Space: identity.PhoneSpace, Value: n.E164}}, n.E164
	}
	if domain, err := canonical.CleanDomain(term); err == nil {
		return []identity.Key{{Space: identity.DomainSpace, Value: domain}}, domain
	}
	return nil, ""
}

func (s *Snap) findIn(key recKey, found map[string]bool) error {
	id, err := s.owner(key)
	if err == nil && id != "" {
		found[id] = true
	}
	return err
}

// findText looks for a JSON string in all profiles of people and organizations.
func (s *Snap) findText(text string, limit int) ([]string, error) {
	quoted := []byte(strconv.Quote(text))
	found := map[string]bool{}
	for at, row := range s.r.Scan(bBody, []byte(s.l.ws), nil) {
		if !bytes.Contains(row, quoted) {
			continue
		}
		key := recKey(at[len(s.l.ws):])
		b, err := decodeBody(row)
		if err != nil {
			return nil, damaged(bBody, key.String(), err)
		}
		if !bytes.Contains(b.profile, quoted) {
			continue
		}
		m, err := s.meta(key)
		if err != nil {
			return nil, err
		}
		if !identity.Compares(m.kind) || m.entity.isZero() {
			continue
		}
		found[entityID(m.kind, m.entity)] = true
		if len(found) >= limit {
			break
		}
	}
	return slices.Clip(sortedKeys(found)), s.r.Err()
}
