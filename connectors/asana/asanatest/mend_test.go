package asanatest_test

import (
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// nullsToo are properties that may be null although their schema does not say so.
var nullsToo = map[string][]string{
	"ProjectResponse": {"team"},   // recorded: nango list-projects-for-workspace shows a project without a team
	"EventResponse":   {"parent"}, // its text: "will be null for other event types"; recorded in a webhook of 2019
	"WebhookResponse": {"last_failure_at", "last_failure_content", "last_success_at", // null in the documented creation
		"next_attempt_after", "failure_deletion_timestamp"}, // likewise nothing before a failure
}

func mendNames(t *testing.T, doc *openapi3.T) {
	t.Helper()
	null := &openapi3.SchemaRef{Value: &openapi3.Schema{Nullable: true, Enum: []any{nil}}}
	orNull := func(s *openapi3.SchemaRef, name string) bool {
		p := s.Value.Properties[name]
		if p != nil {
			s.Value.Properties[name] = &openapi3.SchemaRef{Value: &openapi3.Schema{Nullable: true, AnyOf: openapi3.SchemaRefs{p, null}}}
		}
		return p != nil
	}
	for kind, names := range nullsToo {
		for _, name := range names {
			done := false
			for _, part := range owners(doc.Components.Schemas[kind]) {
				done = orNull(part, name) || done
			}
			if !done {
				t.Errorf("the contract has no %s.%s any more", kind, name)
			}
		}
	}
	for _, s := range doc.Components.Schemas { // its text: "the value of date-time will be null"
		if d := s.Value.Properties["date_value"]; d != nil && d.Value.Properties["date_time"] != nil {
			orNull(d, "date_time")
		}
	}
	for _, part := range owners(doc.Components.Schemas["TaskCreateRequest"]) {
		if f := part.Value.Properties["custom_fields"]; f != nil && f.Value.Type.Is("object") {
			f.Value.AdditionalProperties = openapi3.AdditionalProperties{} // its text: "text, a number, etc."; its schema: strings only
		}
		if m := part.Value.Properties["memberships"]; m != nil {
			m.Value.ReadOnly = false
			for name, p := range m.Value.Items.Value.Properties {
				id := &openapi3.SchemaRef{Value: openapi3.NewStringSchema()}
				m.Value.Items.Value.Properties[name] = &openapi3.SchemaRef{Value: &openapi3.Schema{AnyOf: openapi3.SchemaRefs{p, id}}}
			}
		}
	}
}

// mendNullable rewrites {allOf: [X…, {nullable: true}]} to {anyOf: [{allOf: [X…]}, null]} everywhere and returns how often.
func mendNullable(doc *openapi3.T) int {
	m := mender{seen: map[*openapi3.Schema]bool{}}
	for _, s := range doc.Components.Schemas {
		m.mend(s)
	}
	for _, r := range doc.Components.Responses {
		m.content(r.Value.Content)
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				m.content(op.RequestBody.Value.Content)
			}
			for _, r := range op.Responses.Map() {
				m.content(r.Value.Content)
			}
		}
	}
	return m.count
}

type mender struct {
	seen  map[*openapi3.Schema]bool
	count int
}

func (m *mender) content(c openapi3.Content) {
	for _, t := range c {
		if t.Schema != nil {
			m.mend(t.Schema)
		}
	}
}

func (m *mender) mend(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || m.seen[ref.Value] {
		return
	}
	s := ref.Value
	m.seen[s] = true
	for _, list := range [][]*openapi3.SchemaRef{s.AllOf, s.AnyOf, s.OneOf, {s.Items, s.Not}} {
		for _, p := range list {
			m.mend(p)
		}
	}
	for _, p := range s.Properties {
		m.mend(p)
	}
	if s.Nullable && len(s.Enum) > 0 && !slices.Contains(s.Enum, any(nil)) {
		s.Enum = append(s.Enum, nil)
	}
	null := slices.IndexFunc(s.AllOf, func(p *openapi3.SchemaRef) bool { return p.Ref == "" && p.Value.Nullable })
	if null < 0 && !(s.Nullable && len(s.AllOf) > 0) {
		return
	}
	m.count++
	all := &openapi3.Schema{AllOf: s.AllOf}
	if null >= 0 {
		n := *s.AllOf[null].Value
		n.Nullable = false
		all.AllOf = slices.Concat(s.AllOf[:null], openapi3.SchemaRefs{{Value: &n}}, s.AllOf[null+1:])
	}
	s.AllOf = nil
	s.Nullable = true
	s.AnyOf = openapi3.SchemaRefs{{Value: all}, {Value: &openapi3.Schema{Nullable: true, Enum: []any{nil}}}}
}
