package salesforcetest

import (
	"net/http"
	"slices"
	"strings"
)

// rowOf finds the row a path names. What is no id at all is taken for the name of an external id, as the vendor's
// answer shows (recorded).
func (s *Server) rowOf(r *http.Request, t *table) (*row, error) {
	id := r.PathValue("id")
	if _, ok := canonicalID(id); !ok {
		return nil, fail(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", id)
	}
	return t.find(id), nil
}

// getRow answers one row, all of its fields or those asked for. A deleted row is not there (recorded).
func (s *Server) getRow(w http.ResponseWriter, r *http.Request) error {
	return s.answerRow(w, r, func(t *table) (*row, error) { return s.rowOf(r, t) })
}

// answerRow answers the committed state of the row that find returns.
func (s *Server) answerRow(w http.ResponseWriter, r *http.Request, find func(*table) (*row, error)) error {
	var body []byte
	err := s.read(func() error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		o, err := find(t)
		if err != nil {
			return err
		}
		nodes, err := s.shown(t, r.URL.Query().Get("fields"))
		if err != nil {
			return err
		}
		if o == nil || o.seen == nil || o.seen.deleted {
			return missing()
		}
		body = page{s: s, version: r.PathValue("version")}.record(nil, t, nodes, o)
		return nil
	})
	if err == nil {
		writeBody(w, http.StatusOK, body)
	}
	return err
}

// shown returns the nodes of a list of field names, all fields for an empty one.
func (s *Server) shown(t *table, fields string) ([]node, error) {
	var names []string
	if fields != "" {
		names = strings.Split(fields, ",")
	}
	return s.named(t, names)
}

func (s *Server) named(t *table, names []string) ([]node, error) {
	var out []node
	if len(names) == 0 {
		for _, f := range t.fields {
			if !f.hidden {
				out = append(out, node{key: f.Name, f: f})
			}
		}
		return out, nil
	}
	b := binder{s: s}
	for _, name := range names {
		name = strings.TrimSpace(name)
		_, f, err := b.field(t, strings.Split(name, "."), 0)
		if err != nil {
			return nil, noColumn(name, t.name)
		}
		if slices.ContainsFunc(out, func(n node) bool { return n.f == f && n.parent == nil }) {
			continue
		}
		if out, err = b.add(out, t, strings.Split(name, "."), 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// saved is the answer to a write.
type saved struct {
	ID      string    `json:"id,omitempty"`
	Success bool      `json:"success"`
	Errors  []problem `json:"errors"`
	Created *bool     `json:"created,omitempty"`
}

// problem is how collections name what is wrong with a row: other keys than elsewhere (recorded).
type problem struct {
	Code    string   `json:"statusCode"`
	Message string   `json:"message"`
	Fields  []string `json:"fields"`
}

func (s *Server) createRow(w http.ResponseWriter, r *http.Request) error {
	var in input
	if err := decode(w, r, &in); err != nil {
		return err
	}
	var out saved
	var where string
	err := s.asCaller(r, func(x *tx) error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		id, err := x.create(t, in)
		out = saved{ID: id, Success: true, Errors: []problem{}}
		where = "/services/data/" + r.PathValue("version") + "/sobjects/" + t.name + "/" + id
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", where)
	writeJSON(w, http.StatusCreated, out)
	return nil
}

// create checks and inserts a row written through the API.
func (x *tx) create(t *table, in input) (string, error) {
	if t.system {
		return "", fail(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type %s does not support create", t.name).on()
	}
	delete(in, "attributes")
	values, err := x.clean(t, nil, in, manner{})
	if err != nil {
		return "", err
	}
	return t.id(x.insert(t, values, 0).serial), nil
}

// update checks and changes a row through the API.
func (x *tx) update(t *table, o *row, in input) error {
	switch {
	case o == nil:
		return missing()
	case o.cur.deleted:
		return gone()
	case t.system:
		return fail(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type %s does not support update", t.name).on()
	}
	if t.name == "Lead" && o.cur.get(t.slot("IsConverted")) == true {
		return fail(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead").on()
	}
	delete(in, "attributes")
	values, err := x.clean(t, o, in, manner{})
	if err == nil {
		x.change(t, o, values)
	}
	return err
}

// discard deletes a row through the API.
func (x *tx) discard(t *table, o *row) error {
	switch {
	case o == nil:
		return fail(404, "NOT_FOUND", "The requested resource does not exist")
	case o.cur.deleted:
		return gone()
	case t.system || t.keep:
		return fail(400, "INSUFFICIENT_ACCESS_OR_READONLY", "entity type %s does not support delete", t.name).on()
	}
	x.remove(t, o)
	return nil
}

func (s *Server) updateRow(w http.ResponseWriter, r *http.Request) error {
	var in input
	if err := decode(w, r, &in); err != nil {
		return err
	}
	return s.changed(w, r, func(x *tx, t *table) error {
		o, err := s.rowOf(r, t)
		if err != nil {
			return err
		}
		if len(in) == 0 {
			return fail(400, "MISSING_ARGUMENT", "The HTTP entity body is required, but this request has no entity body.")
		}
		return x.update(t, o, in)
	})
}

func (s *Server) deleteRow(w http.ResponseWriter, r *http.Request) error {
	return s.changed(w, r, func(x *tx, t *table) error {
		o, err := s.rowOf(r, t)
		if err != nil {
			return err
		}
		return x.discard(t, o)
	})
}

// changed runs f in a transaction of the caller's and answers 204.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, f func(*tx, *table) error) error {
	err := s.asCaller(r, func(x *tx) error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		return f(x, t)
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
