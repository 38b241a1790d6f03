package asana

import (
	"context"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// need is what a write must know the ids of. What an update leaves alone needs no id, so that changing a title costs one
// call even after a restart.
type need struct {
	place    bool // project, and with it sections and fields
	project  string
	section  string
	sections []string
	fields   []connectors.Field
	assignee string
}

// shape holds the ids for a need.
type shape struct {
	project  *project // nil when not needed
	section  string
	assignee string // "" is nobody
	values   []value
	plain    bool
}

// shape returns the ids, asking the vendor and creating what is missing only for what is not known.
func (t *target) shape(ctx context.Context, n need) (shape, error) {
	if s, ok, err := t.names.resolve(n); ok || err != nil {
		return s, err
	}
	if err := t.names.take(ctx); err != nil {
		return shape{}, err
	}
	defer t.names.give()
	for range 3 { // another worker may forget a name between our reading it and using it
		if err := t.ensure(ctx, n); err != nil {
			return shape{}, err
		}
		if s, ok, err := t.names.resolve(n); ok || err != nil {
			return s, err
		}
	}
	return shape{}, &connectors.Error{Kind: connectors.Temporary, Op: "resolve names", Reason: "projects or fields change faster than they can be read"}
}

func (t *target) ensure(ctx context.Context, n need) error {
	if err := t.ensureUser(ctx, n.assignee); err != nil || !n.place {
		return err
	}
	if err := t.ensureSpace(ctx); err != nil {
		return err
	}
	p, err := t.ensureProject(ctx, n)
	if err != nil {
		return err
	}
	if err := t.ensureSections(ctx, p, n); err != nil {
		return t.names.unsure(err, p)
	}
	return t.names.unsure(t.ensureFields(ctx, p, n.fields), p)
}

// resolve answers from memory; ok is false when something has to be asked for or created first.
func (n *names) resolve(w need) (s shape, ok bool, err error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s.plain = n.plain
	if w.assignee != "" {
		if s.assignee, ok = n.users[strings.ToLower(w.assignee)]; !ok {
			return s, false, nil
		}
	}
	if !w.place {
		return s, true, nil
	}
	s.project = n.projects[w.project]
	if s.project == nil || s.project.sections == nil || !hasAll(s.project.sections, w) {
		return s, false, nil
	}
	s.section = s.project.sections[w.section]
	if n.plain || len(w.fields) == 0 {
		return s, true, nil
	}
	ok, err = n.resolveFields(w, &s)
	return s, ok, err
}

func (n *names) resolveFields(w need, s *shape) (ok bool, err error) {
	if s.project.fields == nil {
		return false, nil
	}
	for _, f := range w.fields {
		known := n.field(s.project, f.Name)
		if known == nil {
			if f.Value == "" {
				continue // clearing a field that is not there
			}
			return false, nil
		}
		if f.Value != "" && known.options != nil && (known.kind == kindEnum || known.kind == kindMultiEnum) &&
			!known.options[fold(f.Value)].enabled {
			return false, nil
		}
		v, err := encode(f, known)
		if err != nil {
			return false, err
		}
		s.values = append(s.values, v)
	}
	return true, nil
}

func hasAll(sections map[string]string, w need) bool {
	for _, called := range w.sections {
		if called != "" && sections[called] == "" {
			return false
		}
	}
	return w.section == "" || sections[w.section] != ""
}

// custom returns the custom_fields of a request body, nil when there are none.
func (s shape) custom() map[string]any {
	if len(s.values) == 0 {
		return nil
	}
	out := make(map[string]any, len(s.values))
	for _, v := range s.values {
		out[v.gid] = v.json
	}
	return out
}
