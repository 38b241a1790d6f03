package work

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/formula"
)

// maxSections bounds the sections an item names.
const maxSections = 200

// Plan is what a project tool should show of an entity at a moment.
type Plan struct {
	Items []connectors.Item // in the order of the rules; none for an entity that is gone
	// Unresolved lists references that the rules followed and that the graph does not know yet, ascending: the items are good
	// now and will be better when these arrive.
	Unresolved []string
	// Next is when something else is to be shown although nothing changed but the time, zero when that is not foreseen. What
	// lifecycles show by the passing of days is not in it: see Aged.
	Next time.Time
}

// Items returns the items that should exist for an entity; see Plan. An error is either the graph's or names rule, expression
// and entity, never a value.
func (r *Rules) Items(g Graph, e *Entity) (items []connectors.Item, unresolved []string, err error) {
	p, err := r.Plan(g, e)
	return p.Items, p.Unresolved, err
}

// Plan returns what should be shown of an entity now.
func (r *Rules) Plan(g Graph, e *Entity) (out Plan, err error) {
	p := r.plans[e.Kind]
	if p == nil || e.Golden.Deleted() {
		return Plan{}, nil
	}
	s := r.scene(g, e, p)
	idle := "" // a template that is not wanted: its other tasks are not either
	for _, one := range p.rules {
		if one.template != "" && one.template == idle {
			continue
		}
		item, wanted, err := s.item(one)
		if err != nil {
			return Plan{}, fmt.Errorf("rule %s for %s: %w", one.name, e.ID, err)
		}
		if wanted {
			out.Items = append(out.Items, item)
		} else {
			idle = one.template
		}
	}
	slices.Sort(s.unresolved)
	out.Unresolved, out.Next = slices.Compact(s.unresolved), s.next
	return out, nil
}

// Remake returns the item of a key as its rule would make it of the entity now, whether or not the rule wants one; false when
// there is no such rule. It is for what was made once and has to be written again.
func (r *Rules) Remake(g Graph, e *Entity, key string) (connectors.Item, bool, error) {
	p := r.plans[e.Kind]
	if p == nil {
		return connectors.Item{}, false, nil
	}
	for _, one := range p.rules {
		if Key(one.name, e.ID) != key {
			continue
		}
		item, err := r.scene(g, e, p).make(one)
		if err != nil {
			return item, false, fmt.Errorf("rule %s for %s: %w", one.name, e.ID, err)
		}
		return item, true, nil
	}
	return connectors.Item{}, false, nil
}

// Key returns the key of a rule's item for an entity.
func Key(rule, entity string) string { return rule + "/" + entity }

func (s *scene) item(r *rule) (connectors.Item, bool, error) {
	if yes, err := s.wanted(r); err != nil || !yes {
		return connectors.Item{}, false, err
	}
	item, err := s.make(r)
	return item, err == nil, err
}

// make makes the item of a rule.
func (s *scene) make(r *rule) (connectors.Item, error) {
	item := connectors.Item{Key: Key(r.name, s.entity.ID), Once: r.once}
	if err := s.prepare(r.rest, r.restOwn); err != nil {
		return item, err
	}
	if err := s.texts(r, &item); err != nil {
		return item, err
	}
	if item.Project == "" {
		return item, fmt.Errorf("project is blank")
	}
	if item.Title == "" {
		item.Title = canonical.CleanText(label(s.entity))
	}
	return item, s.fields(r, &item)
}

// wanted reports whether an entity has an item under a rule now.
func (s *scene) wanted(r *rule) (bool, error) {
	if r.when != nil {
		if err := s.prepare(r.first, r.firstOwn); err != nil {
			return false, err
		}
		yes, err := s.run("when", r.when)
		if err != nil || yes != true {
			return false, err
		}
	}
	if r.since == nil {
		return true, nil
	}
	if err := s.prepare(r.begin, r.beginOwn); err != nil {
		return false, err
	}
	since, err := s.run("since", r.since)
	if err != nil || since == "" {
		return false, err
	}
	at, err := canonical.ParseTime(since.(string), time.UTC)
	if err != nil {
		return false, fmt.Errorf("since is no time")
	}
	begin, end := at.Add(r.after), at.Add(r.within)
	if now := s.graph.Now(); r.after > 0 && now.Before(begin) || now.After(end) {
		s.wake(begin)
		return false, nil
	}
	if !r.once {
		s.wake(end.Add(time.Second))
	}
	return true, nil
}

// texts fills in everything but the fields.
func (s *scene) texts(r *rule, item *connectors.Item) error {
	for _, part := range []struct {
		key string
		to  *string
	}{{"project", &item.Project}, {"section", &item.Section}, {"title", &item.Title}, {"assignee", &item.Assignee}, {"due", &item.Due}, {"notes", &item.Notes}} {
		f := r.parts[part.key]
		if f == nil {
			continue
		}
		value, err := s.run(part.key, f)
		if err != nil {
			return err
		}
		if part.key == "notes" {
			*part.to = canonical.CleanLong(value.(string))
			continue
		}
		*part.to = canonical.CleanText(value.(string))
	}
	if item.Due != "" {
		due, err := canonical.CleanDate(item.Due, nil)
		if err != nil {
			return fmt.Errorf("due is no date")
		}
		item.Due = due
	}
	if f := r.parts["complete"]; f != nil {
		done, err := s.run("complete", f)
		if err != nil {
			return err
		}
		item.Completed = done == true
	}
	return s.sections(r, item)
}

func (s *scene) sections(r *rule, item *connectors.Item) error {
	f := r.parts["sections"]
	if f == nil {
		return nil
	}
	value, err := s.run("sections", f)
	if err != nil {
		return err
	}
	list, ok := value.([]any)
	if texts, isTexts := value.([]string); isTexts {
		for _, t := range texts {
			list = append(list, t)
		}
	} else if !ok && value != nil {
		return fmt.Errorf("sections is no list")
	}
	for _, e := range list {
		name := canonical.CleanText(plainText(e))
		if name != "" && !slices.Contains(item.Sections, name) && len(item.Sections) < maxSections {
			item.Sections = append(item.Sections, name)
		}
	}
	return nil
}

func (s *scene) fields(r *rule, item *connectors.Item) error {
	item.Fields = make([]connectors.Field, 0, len(r.field))
	for _, f := range r.field {
		value, err := s.run("field "+f.name, f.value)
		if err != nil {
			return err
		}
		text, err := fieldText(f.kind, value)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
		item.Fields = append(item.Fields, connectors.Field{Name: f.name, Kind: f.kind, Value: text})
	}
	return nil
}

// fieldText returns a field's value in the form that connectors.Field promises.
func fieldText(kind connectors.FieldKind, value any) (string, error) {
	var text string
	switch v := value.(type) {
	case nil:
	case string:
		text = strings.TrimSpace(v)
	case int:
		text = strconv.Itoa(v)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return "", fmt.Errorf("the value is a %T, not a text or a number", value)
	}
	if text == "" {
		return "", nil
	}
	switch kind {
	case connectors.NumberField, connectors.CountField:
		return canonical.CleanDecimal(text)
	case connectors.DateField:
		return canonical.CleanDate(text, nil)
	}
	return canonical.CleanText(text), nil
}

func (s *scene) run(key string, f *formula.Formula) (any, error) {
	value, err := f.Run(s.env)
	if err != nil {
		return nil, fmt.Errorf("%s %w", key, err)
	}
	return value, nil
}
