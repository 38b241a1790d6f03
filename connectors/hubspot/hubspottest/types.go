package hubspottest

import "strings"

// kind describes one type of object.
type kind struct {
	id       string // "0-1"
	plural   string // "contacts"
	singular string // "contact"
	created  string // the property that holds the time of creation
	modified string // the property that search and cursors use: contacts have their own
	scope    string // the word in the OAuth scopes
	defaults []string
}

// The types simulated, with the property set that is returned when none is asked for (recorded for contacts and
// companies, from HubSpot's documentation for the others).
var kinds = []kind{
	{"0-1", "contacts", "contact", "createdate", "lastmodifieddate", "contacts", []string{"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}},
	{"0-2", "companies", "company", "createdate", "hs_lastmodifieddate", "companies", []string{"createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"}},
	{"0-3", "deals", "deal", "createdate", "hs_lastmodifieddate", "deals", []string{"amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline"}},
	{"0-5", "tickets", "ticket", "createdate", "hs_lastmodifieddate", "tickets", []string{"content", "createdate", "hs_lastmodifieddate", "hs_object_id", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_priority", "subject"}},
	{"0-46", "notes", "note", "hs_createdate", "hs_lastmodifieddate", "contacts", []string{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}},
	{"0-27", "tasks", "task", "hs_createdate", "hs_lastmodifieddate", "contacts", []string{"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}},
}

// kindNames maps every accepted spelling to the type id: plural and singular in any case, and the id itself.
var kindNames = func() map[string]string {
	m := map[string]string{}
	for _, k := range kinds {
		m[k.id], m[k.plural], m[k.singular] = k.id, k.id, k.id
	}
	return m
}()

// table returns the objects of a type by any of its names.
func (s *Server) table(name string) (*table, error) {
	id, ok := kindNames[strings.ToLower(name)]
	if !ok {
		// Recorded: no category.
		return nil, fail(400, "", "Unable to infer object type from: %s", name)
	}
	return s.tables[id], nil
}

// mustTable is table for the names this package and tests use.
func (s *Server) mustTable(name string) *table {
	t, err := s.table(name)
	if err != nil {
		panic(err)
	}
	return t
}
