package salesforcetest

import (
	"net/http"
	"strings"
)

// byField finds the live rows that have a value in an external id or lookup field; mu is held.
func (s *Server) byField(t *table, name, value string) ([]*row, *Field, error) {
	f := t.field(name)
	if f == nil || !(f.ExternalID || f.Lookup) {
		return nil, nil, fail(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", name)
	}
	var out []*row
	if f.system == sysID {
		if o := t.find(value); o != nil && !o.cur.deleted {
			out = append(out, o)
		}
		return out, f, nil
	}
	if rows := t.by[f.slot][folded(f, value)]; rows != nil {
		for k := range between(rows, lowest, highest, false) {
			if o := t.rows[k.ID]; !o.cur.deleted {
				out = append(out, o)
			}
		}
		return out, f, nil
	}
	if t.by[f.slot] != nil {
		return nil, f, nil
	}
	for _, o := range t.rows {
		if v, _ := o.cur.get(f.slot).(string); strings.EqualFold(v, value) && !o.cur.deleted {
			out = append(out, o)
		}
	}
	return out, f, nil
}

// several answers 300 with the addresses of the rows that match (recorded).
func several(w http.ResponseWriter, r *http.Request, t *table, rows []*row) {
	urls := make([]string, len(rows))
	for i, o := range rows {
		urls[i] = "/services/data/" + r.PathValue("version") + "/sobjects/" + t.name + "/" + t.id(o.serial)
	}
	writeJSON(w, http.StatusMultipleChoices, urls)
}

// getByField answers the row with a value in an external id.
func (s *Server) getByField(w http.ResponseWriter, r *http.Request) error {
	var many []*row
	var of *table
	err := s.answerRow(w, r, func(t *table) (*row, error) {
		rows, _, err := s.byField(t, r.PathValue("field"), r.PathValue("value"))
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		if len(rows) > 1 {
			many, of = rows, t
			return nil, nil
		}
		return rows[0], nil
	})
	if many != nil {
		several(w, r, of, many)
		return nil
	}
	return err
}

func (s *Server) deleteByField(w http.ResponseWriter, r *http.Request) error {
	return s.changed(w, r, func(x *tx, t *table) error {
		rows, _, err := s.byField(t, r.PathValue("field"), r.PathValue("value"))
		switch {
		case err != nil:
			return err
		case len(rows) == 0:
			return missing()
		}
		return x.discard(t, rows[0])
	})
}

// upserted is what an upsert did; several is set when it did nothing because the value is not unique.
type upserted struct {
	id      string
	created bool
	several []*row
}

// upsert writes by external id.
func (x *tx) upsert(t *table, field, value string, in input) (upserted, error) {
	rows, f, err := x.s.byField(t, field, value)
	if err != nil {
		return upserted{}, err
	}
	for name := range in {
		if strings.EqualFold(name, f.Name) {
			return upserted{}, fail(400, "INVALID_FIELD", "The %s field should not be specified in the sobject data.", f.Name).on()
		}
	}
	switch len(rows) {
	case 0:
		if f.system == sysID {
			return upserted{}, missing()
		}
		in[f.Name] = value
		id, err := x.create(t, in)
		return upserted{id: id, created: true}, err
	case 1:
		return upserted{id: t.id(rows[0].serial)}, x.update(t, rows[0], in)
	}
	return upserted{several: rows}, nil
}

// upsertRow answers 201 for a new row, 200 for a changed one (204 before v46.0) and 300 when several match.
func (s *Server) upsertRow(w http.ResponseWriter, r *http.Request) error {
	var in input
	if err := decode(w, r, &in); err != nil {
		return err
	}
	var out upserted
	var of *table
	err := s.asCaller(r, func(x *tx) error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		of = t
		out, err = x.upsert(t, r.PathValue("field"), r.PathValue("value"), in)
		return err
	})
	switch {
	case err != nil:
		return err
	case out.several != nil:
		several(w, r, of, out.several)
		return nil
	case !out.created && versionOf(r) < 46:
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	code := http.StatusOK
	if out.created {
		code = http.StatusCreated
		w.Header().Set("Location", "/services/data/"+r.PathValue("version")+"/sobjects/"+of.name+"/"+out.id)
	}
	writeJSON(w, code, saved{ID: out.id, Success: true, Errors: []problem{}, Created: &out.created})
	return nil
}
