package salesforcetest

import "strings"

// Fields returns copies of an object's fields in the order of the schema, nil for an object that is not there. What
// field-level security hides is there all the same: events are made for the whole organization.
func (s *Server) Fields(object string) []Field {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.tables[strings.ToLower(object)]
	if t == nil {
		return nil
	}
	list := make([]Field, len(t.fields))
	for i, f := range t.fields {
		list[i] = *f
	}
	return list
}
