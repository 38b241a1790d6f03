package hubspottest

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
)

// AddProperty defines a custom property and panics on a name that exists, a test's mistake. Type is string, number,
// bool, enumeration, date, datetime or phone_number; unique makes its values identify a record, for idProperty.
func (s *Server) AddProperty(objectType, name, kind string, unique bool, options ...string) {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.byName[name] != nil {
		panic("hubspottest: property " + name + " exists")
	}
	p := custom(t, name, stamp(s.now()))
	p.Type, p.HasUniqueValue = kind, unique
	for i, o := range options {
		p.Options = append(p.Options, option{Label: o, Value: o, DisplayOrder: i})
	}
	t.define(p)
}

// custom is a property a person made.
func custom(t *table, name, now string) property {
	return property{Name: name, Label: name, Type: "string", FieldType: "text", GroupName: t.singular + "information", Options: []option{},
		DisplayOrder: -1, Modification: access{Archivable: true}, FormField: true, Sensitivity: "non_sensitive", CreatedAt: now, UpdatedAt: now}
}

func (s *Server) listProperties(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := []*property{}
	if r.URL.Query().Get("archived") != "true" {
		out = append(out, t.props...)
	}
	writeJSON(w, http.StatusOK, map[string]any{"results": out})
	return nil
}

func (s *Server) getProperty(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := t.byName[r.PathValue("name")]
	if p == nil {
		return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "The property %q does not exist", r.PathValue("name"))
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

var propertyName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,99}$`)

var propertyTypes = []string{"string", "number", "bool", "enumeration", "date", "datetime", "phone_number"}

// maxUnique is how many unique properties a type may have.
const maxUnique = 10

func (s *Server) createProperty(w http.ResponseWriter, r *http.Request) error {
	t, err := s.table(r.PathValue("type"))
	if err != nil {
		return err
	}
	if err := s.need("crm.schemas." + t.scope + ".write"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := custom(t, "", stamp(s.now()))
	if err := decode(w, r, &p); err != nil {
		return err
	}
	switch {
	case !propertyName.MatchString(p.Name):
		return invalid("Property name %q must be lower case letters, digits and underscores", p.Name)
	case !slices.Contains(propertyTypes, p.Type):
		return invalid("Property type %q is not one of %v", p.Type, propertyTypes)
	case t.byName[p.Name] != nil:
		return fail(http.StatusConflict, "OBJECT_ALREADY_EXISTS", "A property named '%s' already exists.", p.Name)
	case p.HasUniqueValue && len(t.unique) >= maxUnique:
		return invalid("At most %d properties with unique values are allowed", maxUnique)
	}
	p.Label, p.Defined, p.Modification = cmp.Or(p.Label, p.Name), false, access{Archivable: true}
	writeJSON(w, http.StatusCreated, t.define(p))
	return nil
}
