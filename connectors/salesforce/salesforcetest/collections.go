package salesforcetest

import (
	"net/http"
	"slices"
	"strings"
)

// The bounds of collections, see
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm.
const (
	maxRecords   = 200
	maxRetrieved = 2000
)

// manyRecords is the body of a collection.
type manyRecords struct {
	AllOrNone bool    `json:"allOrNone"`
	Records   []input `json:"records"`
}

// many runs do for each of n records in one transaction and answers a list of outcomes, with 200 even when some or all
// failed. With allOrNone one failure undoes the others, which then say so (recorded).
func (s *Server) many(w http.ResponseWriter, r *http.Request, n int, allOrNone bool, do func(x *tx, i int) (saved, error)) error {
	if n == 0 {
		return fail(400, "REQUIRED_FIELD_MISSING", "At least 1 record is required")
	}
	if n > maxRecords {
		return fail(400, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than %d records in this call.", maxRecords)
	}
	out := make([]saved, n)
	err := s.asCaller(r, func(x *tx) error {
		var first error
		for i := range out {
			one, err := do(x, i)
			if err != nil {
				f := asFailure(err)
				fields := []string{}
				if f.Fields != nil {
					fields = *f.Fields
				}
				out[i] = saved{Errors: []problem{{f.Code, f.Message, fields}}}
				first = err
				continue
			}
			one.Success, one.Errors = true, []problem{}
			out[i] = one
		}
		if allOrNone {
			return first
		}
		return nil
	})
	if err != nil {
		for i := range out {
			if out[i].Success {
				out[i] = saved{Errors: []problem{{"ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and the request was using AllOrNone header", []string{}}}}
			}
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// typeOf finds the object that a record names in its attributes.
func (x *tx) typeOf(in input) (*table, error) {
	attributes, _ := in["attributes"].(map[string]any)
	name, _ := attributes["type"].(string)
	if t := x.s.table(name); t != nil {
		return t, nil
	}
	return nil, fail(400, "INVALID_TYPE", "sObject type '%s' is not supported.", name)
}

// idOf takes the id out of a record, whose key may be written in any case.
func (in input) idOf() string {
	for name, v := range in {
		if strings.EqualFold(name, "Id") {
			id, _ := v.(string)
			delete(in, name)
			return id
		}
	}
	return ""
}

func (s *Server) createMany(w http.ResponseWriter, r *http.Request) error {
	var in manyRecords
	if err := decode(w, r, &in); err != nil {
		return err
	}
	return s.many(w, r, len(in.Records), in.AllOrNone, func(x *tx, i int) (saved, error) {
		t, err := x.typeOf(in.Records[i])
		if err != nil {
			return saved{}, err
		}
		id, err := x.create(t, in.Records[i])
		return saved{ID: id}, err
	})
}

func (s *Server) updateMany(w http.ResponseWriter, r *http.Request) error {
	var in manyRecords
	if err := decode(w, r, &in); err != nil {
		return err
	}
	return s.many(w, r, len(in.Records), in.AllOrNone, func(x *tx, i int) (saved, error) {
		t, err := x.typeOf(in.Records[i])
		if err != nil {
			return saved{}, err
		}
		id := in.Records[i].idOf()
		if id == "" {
			return saved{}, fail(400, "MISSING_ARGUMENT", "Id not specified in an update call").on()
		}
		o := t.find(id)
		if o == nil {
			return saved{}, fail(400, "MALFORMED_ID", "malformed id %s", id).on()
		}
		return saved{ID: t.id(o.serial)}, x.update(t, o, in.Records[i])
	})
}

func (s *Server) upsertMany(w http.ResponseWriter, r *http.Request) error {
	var in manyRecords
	if err := decode(w, r, &in); err != nil {
		return err
	}
	field := r.PathValue("field")
	return s.many(w, r, len(in.Records), in.AllOrNone, func(x *tx, i int) (saved, error) {
		t, err := s.object(r)
		if err != nil {
			return saved{}, err
		}
		value := ""
		for name, v := range in.Records[i] {
			if strings.EqualFold(name, field) {
				value, _ = v.(string)
				delete(in.Records[i], name)
			}
		}
		if value == "" {
			return saved{}, fail(400, "MISSING_ARGUMENT", "%s not specified", field).on()
		}
		out, err := x.upsert(t, field, value, in.Records[i])
		if err == nil && out.several != nil {
			err = fail(300, "DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field", field).on()
		}
		return saved{ID: out.id, Created: &out.created}, err
	})
}

func (s *Server) deleteMany(w http.ResponseWriter, r *http.Request) error {
	var ids []string
	if text := r.URL.Query().Get("ids"); text != "" {
		ids = strings.Split(text, ",")
	}
	return s.many(w, r, len(ids), r.URL.Query().Get("allOrNone") == "true", func(x *tx, i int) (saved, error) {
		t, o := s.row(strings.TrimSpace(ids[i]))
		if o == nil {
			return saved{}, fail(404, "MALFORMED_ID", "malformed id %s", ids[i]).on()
		}
		return saved{ID: t.id(o.serial)}, x.discard(t, o)
	})
}

// retrieve answers rows by id in the order asked for, null for each that is not there or deleted.
func (s *Server) retrieve(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		IDs    []string `json:"ids"`
		Fields []string `json:"fields"`
	}
	if r.Method == http.MethodGet {
		in.IDs, in.Fields = strings.Split(r.URL.Query().Get("ids"), ","), strings.Split(r.URL.Query().Get("fields"), ",")
	} else if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.IDs) > maxRetrieved {
		return fail(400, "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than %d records in this call.", maxRetrieved)
	}
	if len(in.Fields) == 0 || slices.Contains(in.Fields, "") {
		return fail(400, "MISSING_ARGUMENT", "fields must be specified")
	}
	body := []byte{'['}
	err := s.read(func() error {
		t, err := s.object(r)
		if err != nil {
			return err
		}
		nodes, err := s.named(t, in.Fields)
		if err != nil {
			return err
		}
		for i, id := range in.IDs {
			if i > 0 {
				body = append(body, ',')
			}
			o := t.find(strings.TrimSpace(id))
			if o == nil || o.seen == nil || o.seen.deleted {
				body = append(body, "null"...)
				continue
			}
			body = page{s: s, version: r.PathValue("version")}.record(body, t, nodes, o)
		}
		return nil
	})
	if err == nil {
		writeBody(w, http.StatusOK, append(body, ']'))
	}
	return err
}
