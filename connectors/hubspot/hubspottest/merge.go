package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// merge joins two objects into one with a NEW id, as HubSpot does since 14 January 2025; both old ids keep answering.
func (s *Server) merge(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	var in struct {
		Primary text `json:"primaryObjectId"`
		Other   text `json:"objectIdToMerge"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, b := t.find(string(in.Primary)), t.find(string(in.Other))
	if a == nil || b == nil || a == b || a.cur.archived != 0 || b.cur.archived != 0 {
		return invalid("primaryObjectId %s and objectIdToMerge %s must be two existing records", in.Primary, in.Other)
	}
	if len(t.mergedInto(a)) >= maxMerges || len(t.mergedInto(b)) >= maxMerges {
		return invalid("a record can take part in at most %d merges", maxMerges)
	}
	o := s.join(t, a, b, s.now(), s.by(r))
	writeBody(w, http.StatusOK, s.appendObject(nil, t, o, o.cur, t.everything(), extra{}))
	return nil
}

// maxMerges is how many merges one record may go through, per HubSpot's knowledge base.
const maxMerges = 250

// mergedInto returns the old ids an object lists.
func (t *table) mergedInto(o *object) []string {
	return strings.FieldsFunc(o.cur.get(t.byName["hs_merged_object_ids"].slot), func(r rune) bool { return r == ';' })
}

// join does the merge: a's values win, b fills the gaps. The caller holds mu.
func (s *Server) join(t *table, a, b *object, now int64, by source) *object {
	var values []field
	moved := 0
	for _, f := range b.cur.fields {
		if a.cur.get(f.slot) == "" {
			values = append(values, f)
			moved++
		}
	}
	values = append(values, a.cur.fields...)
	old := append(append(t.mergedInto(a), t.mergedInto(b)...), a.ID(), b.ID())
	slices.Sort(old)
	set := func(name, value string) { values = append(values, field{t.byName[name].slot, value}) }
	set("hs_merged_object_ids", strings.Join(slices.Compact(old), ";"))
	if t.plural == "contacts" {
		s.joinContacts(t, a, b, now, set)
	}
	t.last++
	o := &object{id: t.last}
	t.objects[o.id] = o
	t.live.Insert(ordered.Key{ID: o.id})
	s.moveLinks(t, a.id, o.id)
	s.moveLinks(t, b.id, o.id)
	s.forget(t, a)
	s.forget(t, b)
	t.merged[a.id], t.merged[b.id] = o.id, o.id
	s.store(t, o, (&version{created: min(a.cur.created, b.cur.created)}).with(values), now)
	if t.plural == "contacts" {
		t.keepAddresses(o)
	}
	s.emit(t, o, "merge", by, map[string]any{
		"objectId": a.id, "primaryObjectId": a.id, "mergedObjectIds": []uint64{b.id}, "newObjectId": o.id, "numberOfPropertiesMoved": moved,
	})
	return o
}

// joinContacts sets what contacts keep of a merge: the times of the old ids, and the address that lost.
func (s *Server) joinContacts(t *table, a, b *object, now int64, set func(name, value string)) {
	at := strconv.FormatInt(now, 10)
	slot := t.byName["hs_calculated_merged_vids"].slot
	parts := []string{a.cur.get(slot), b.cur.get(slot), a.ID() + ":" + at, b.ID() + ":" + at}
	set("hs_calculated_merged_vids", strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ";"))
	email, more := t.byName["email"].slot, t.byName["hs_additional_emails"].slot
	if a.cur.get(email) == "" || b.cur.get(email) == "" {
		return
	}
	parts = []string{a.cur.get(more), b.cur.get(more), b.cur.get(email)}
	set("hs_additional_emails", strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ";"))
}

// keepAddresses makes the addresses that lost stay taken, and find the survivor.
func (t *table) keepAddresses(o *object) {
	more := o.cur.get(t.byName["hs_additional_emails"].slot)
	for address := range strings.SplitSeq(more, ";") {
		if address != "" {
			t.unique[t.byName["email"].slot][normal(address)] = o.id
		}
	}
}

// gdprDelete removes a contact without a trace: no archived list shows it.
func (s *Server) gdprDelete(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	if t.plural != "contacts" {
		return fail(http.StatusNotFound, "", "gdpr-delete is for contacts")
	}
	var in struct {
		ObjectID   text   `json:"objectId"`
		IDProperty string `json:"idProperty"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := t.findBy(in.IDProperty, string(in.ObjectID))
	if err != nil {
		return err
	}
	if o != nil {
		s.emit(t, o, "privacyDeletion", s.by(r), nil)
		s.forget(t, o)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
