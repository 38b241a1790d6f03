package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
)

// Recent returns what happened to a customer, newest first; see work.Graph.
func (s *Snap) Recent(e *work.Entity, most int, keep func(*work.Entity) bool) ([]*work.Entity, error) {
	found, err := s.happened(e)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *work.Entity) int {
		return cmp.Or(occurredAt(b).Compare(occurredAt(a)), strings.Compare(a.ID, b.ID))
	})
	var list []*work.Entity
	told := map[string]bool{}
	for _, one := range found {
		if len(list) == min(most, work.MaxReferrers) {
			break
		}
		message := gjson.ParseBytes(one.Golden.Get("message_id")).Str
		if told[message] || !keep(one) {
			continue
		}
		told[message] = message != ""
		list = append(list, one)
	}
	return list, nil
}

// happened gathers the interactions of an entity in no order, each once.
func (s *Snap) happened(e *work.Entity) ([]*work.Entity, error) {
	whose := []*work.Entity{e}
	if e.Kind == canonical.Organization {
		people, err := s.Referrers(e, canonical.Person)
		if err != nil {
			return nil, err
		}
		whose = append(whose, people...)
	}
	found := map[string]*work.Entity{}
	addresses := map[string]bool{}
	for _, one := range whose {
		list, err := s.Referrers(one, canonical.Interaction)
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			found[i.ID] = i
		}
		for _, a := range gjson.GetBytes(one.Golden.Get("emails"), "#.address").Array() {
			addresses[a.Str] = true
		}
	}
	for from := ""; ; {
		ids, next, err := s.Entities(canonical.Interaction, from, lookMost)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			i, err := s.Subject(id)
			if err != nil {
				return nil, err
			}
			if i != nil && tookPart(i, addresses) {
				found[id] = i
			}
		}
		if from = next; from == "" {
			break
		}
	}
	list := make([]*work.Entity, 0, len(found))
	for _, i := range found {
		list = append(list, i)
	}
	return list, nil
}

// tookPart reports whether a participant of an interaction has one of the addresses.
func tookPart(i *work.Entity, addresses map[string]bool) bool {
	for _, a := range gjson.GetBytes(i.Golden.Get(participants), "#.address").Array() {
		if address, _, err := canonical.CleanEmail(a.Str); err == nil && addresses[address] {
			return true
		}
	}
	return false
}

// occurredAt returns when an interaction happened; zero when no record says so.
func occurredAt(e *work.Entity) time.Time {
	at, err := time.Parse(time.RFC3339, gjson.ParseBytes(e.Golden.Get("occurred_at")).Str)
	if err != nil {
		return time.Time{}
	}
	return at
}
