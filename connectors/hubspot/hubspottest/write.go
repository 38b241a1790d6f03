package hubspottest

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox/ordered"
)

// source says in webhooks who made a change: changeSource and sourceId.
type source struct{ change, id string }

// byHand is a change made in HubSpot's own pages, as tests and the demo make them.
var byHand = source{"CRM_UI", "userId:9586504"}

// clean checks a written set of properties and returns the values by slot. Read-only properties may be set only with
// force, as a test may.
func (t *table) clean(in map[string]text, force bool) ([]field, []badProperty) {
	var out []field
	var bad []badProperty
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p := t.byName[name]
		switch {
		case p == nil:
			bad = append(bad, badProperty{Message: `Property "` + name + `" does not exist`, Error: "PROPERTY_DOESNT_EXIST", Name: name})
		case p.computed != stored || (p.Modification.ReadOnlyValue && !force):
			bad = append(bad, badProperty{Message: `"` + name + `" is a read only property; its value cannot be set.`, Error: "READ_ONLY_VALUE", Name: name})
		default:
			value, wrong := p.clean(string(in[name]))
			if wrong != nil {
				bad = append(bad, *wrong)
				continue
			}
			out = append(out, field{p.slot, value})
		}
	}
	return out, bad
}

// conflict returns the id of another object that has one of the unique values, or 0.
func (t *table) conflict(self uint64, values []field) uint64 {
	for _, f := range values {
		owner := t.unique[f.slot][normal(f.value)]
		if f.value != "" && owner != self && t.objects[owner] != nil {
			return owner
		}
	}
	return 0
}

// insert stores a new object; created 0 means now. The caller holds mu and has excluded conflicts.
func (s *Server) insert(t *table, values []field, created, now int64, by source) *object {
	t.last++
	o := &object{id: t.last}
	if created == 0 {
		created = now
	}
	t.objects[o.id] = o
	t.live.Insert(ordered.Key{ID: o.id})
	// An imported past makes the object as old as its creation, so that a generated account has a history.
	at := now
	if created < now {
		at = created
	}
	s.store(t, o, (&version{created: created}).with(s.defaults(t, values)), at)
	s.emit(t, o, "creation", by, nil)
	return o
}

// change sets values of an object and its modification time, even when nothing differs, as HubSpot does.
// The caller holds mu and has excluded conflicts.
func (s *Server) change(t *table, o *object, values []field, now int64, by source) {
	before := o.cur
	s.store(t, o, before.with(values), now)
	for _, f := range values {
		if before.get(f.slot) != f.value {
			s.emit(t, o, "propertyChange", by, map[string]any{"propertyName": t.props[f.slot].Name, "propertyValue": f.value})
		}
	}
}

// store makes v the object's present state; the caller holds mu.
func (s *Server) store(t *table, o *object, v *version, now int64) {
	v.fields = v.with(s.derived(t, o, v)).fields
	s.seq++
	v.modified, v.seq = max(now, v.created), s.seq
	t.claim(o, v)
	o.cur = v
	s.reindex(t, o, v, now)
}

// claim keeps the unique values in step with the object's move from o.cur to v; a nil v gives all of them up.
func (t *table) claim(o *object, v *version) {
	for slot, owners := range t.unique {
		if o.cur != nil && owners[normal(o.cur.get(slot))] == o.id {
			delete(owners, normal(o.cur.get(slot)))
		}
		if v == nil || v.archived != 0 {
			continue
		}
		if value := v.get(slot); value != "" {
			owners[normal(value)] = o.id
		}
	}
}

// defaults adds what HubSpot sets on creation.
func (s *Server) defaults(t *table, values []field) []field {
	has := func(name string) bool {
		return slices.ContainsFunc(values, func(f field) bool { return f.slot == t.byName[name].slot && f.value != "" })
	}
	add := func(name, value string) {
		if !has(name) {
			values = append(values, field{t.byName[name].slot, value})
		}
	}
	switch t.plural {
	case "contacts":
		add("lifecyclestage", "lead")
	case "deals":
		add("pipeline", "default")
	case "tickets":
		add("hs_pipeline", "0")
		add("hs_pipeline_stage", "1")
	}
	return values
}

// derived returns the values HubSpot computes from others.
func (s *Server) derived(t *table, o *object, v *version) []field {
	var out []field
	get := func(name string) string { return v.get(t.byName[name].slot) }
	set := func(name, value string) { out = append(out, field{t.byName[name].slot, value}) }
	switch t.plural {
	case "contacts":
		_, domain, _ := strings.Cut(get("email"), "@")
		set("hs_email_domain", domain)
		full := strings.TrimSpace(get("firstname") + " " + get("lastname"))
		if full == "" {
			full = get("email")
		}
		set("hs_full_name_or_email", full)
		set("hs_is_contact", "true")
		set("hs_all_contact_vids", o.ID())
	case "companies":
		if get("website") == "" {
			set("website", get("domain"))
		}
	case "deals":
		st := s.stage(t.id, get("pipeline"), get("dealstage"))
		if st == nil {
			return nil
		}
		won := st.Metadata["isClosed"] == "true" && st.Metadata["probability"] == "1.0"
		set("hs_is_closed", st.Metadata["isClosed"])
		set("hs_is_closed_won", strconv.FormatBool(won))
		set("hs_deal_stage_probability", st.Metadata["probability"])
	}
	return out
}

// remove archives an object; one that is archived already is left alone. The caller holds mu.
func (s *Server) remove(t *table, o *object, now int64, by source) {
	if o.cur.archived != 0 {
		return
	}
	t.unindex(o)
	v := *o.cur
	v.archived = now
	t.claim(o, &v)
	o.cur = &v
	t.live.Remove(ordered.Key{ID: o.id})
	t.gone.Insert(ordered.Key{ID: o.id})
	s.emit(t, o, "deletion", by, nil)
}

// restore brings an archived object back; the caller holds mu.
func (s *Server) restore(t *table, o *object, now int64, by source) {
	v := *o.cur
	v.archived = 0
	t.gone.Remove(ordered.Key{ID: o.id})
	t.live.Insert(ordered.Key{ID: o.id})
	s.store(t, o, &v, now)
	s.emit(t, o, "restore", by, nil)
}

// forget removes every trace of an object; the caller holds mu.
func (s *Server) forget(t *table, o *object) {
	t.unindex(o)
	t.claim(o, nil)
	t.live.Remove(ordered.Key{ID: o.id})
	t.gone.Remove(ordered.Key{ID: o.id})
	delete(t.objects, o.id)
	s.unlinkAll(t, o.id)
}
