package work

import (
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// maxRelated bounds the entities that one list reference is followed to.
const maxRelated = 100

// scene is one entity with what the expressions read around it, loaded as it is needed.
type scene struct {
	graph      Graph
	entity     *Entity
	plan       *plan
	env        map[string]any
	known      map[string]*Entity // by reference; nil = unknown to the graph
	unresolved []string

	life       *lifecycle.Settings
	around     map[canonical.Kind][]*Entity // live referrers, read already
	states     map[string]*lifecycle.State  // by entity
	derivedOwn bool
	sortedOwn  bool
	wonOwn     bool
	contacted  bool
	answered   bool

	next time.Time // when something changes by the passing of time; zero = nothing does
}

func (r *Rules) scene(g Graph, e *Entity, p *plan) *scene {
	return &scene{graph: g, entity: e, plan: p, env: make(map[string]any, len(p.members)), known: map[string]*Entity{}, life: r.life}
}

// prepare loads names and what is read of the rule's own entity besides its fields.
func (s *scene) prepare(names []string, own own) error {
	if err := s.load(names); err != nil {
		return err
	}
	if own.state {
		if err := s.deriveOwn(); err != nil {
			return err
		}
	}
	if own.won {
		if err := s.winOwn(); err != nil {
			return err
		}
	}
	if own.contact {
		if err := s.contactOwn(); err != nil {
			return err
		}
	}
	if own.answer {
		if err := s.answerOwn(); err != nil {
			return err
		}
	}
	if !own.categories || s.sortedOwn {
		return nil
	}
	s.sortedOwn = true
	list, err := s.categories()
	if err != nil {
		return err
	}
	texts := make([]any, len(list))
	for i, name := range list {
		texts[i] = name
	}
	s.env[string(s.entity.Kind)].(map[string]any)[categoriesName] = texts
	return nil
}

// wake notes that something changes at a time.
func (s *scene) wake(at time.Time) {
	if at.After(s.graph.Now()) && (s.next.IsZero() || at.Before(s.next)) {
		s.next = at
	}
}

// load puts names into the environment that are not there yet.
func (s *scene) load(names []string) error {
	for _, name := range names {
		if _, ok := s.env[name]; ok {
			continue
		}
		switch name {
		case string(s.entity.Kind):
			if err := s.loadOwn(name); err != nil {
				return err
			}
		case "id":
			s.env[name] = s.entity.ID
		case "sources":
			s.env[name] = sourcesOf(s.entity)
		default:
			if err := s.relate(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadOwn loads the scene's own entity. What is derived of it comes when something reads that.
func (s *scene) loadOwn(name string) error {
	m := s.plan.members[name]
	value := entityValue(s.entity, m)
	s.env[name] = value
	if !m.history {
		return nil
	}
	return s.history(value, s.entity)
}

// relate loads a related name. One that leads nowhere is nil, a list of none is empty.
func (s *scene) relate(name string) error {
	if s.shared(name) {
		return nil
	}
	i := slices.IndexFunc(relations[s.entity.Kind], func(r relation) bool { return r.name == name })
	rel := relations[s.entity.Kind][i]
	found, err := s.follow(rel)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	members := s.plan.members[name]
	switch rel.shape {
	case many, reverse, served:
		list := make([]any, 0, len(found))
		for _, e := range found {
			value, err := s.value(e, members)
			if err != nil {
				return err
			}
			list = append(list, value)
		}
		s.env[name] = list
	case stage:
		s.env[name] = nil
		if len(found) > 0 {
			s.env[name] = s.stageIn(goValue(canonical.Stages, found[0].Golden.Get("stages")))
		}
	default:
		s.env[name] = nil
		if len(found) > 0 {
			value, err := s.value(found[0], members)
			if err != nil {
				return err
			}
			s.env[name] = value
		}
	}
	return nil
}

// referrers returns the live entities of a kind that refer to the scene's own, read once.
func (s *scene) referrers(kind canonical.Kind) ([]*Entity, error) {
	if list, ok := s.around[kind]; ok {
		return list, nil
	}
	list, err := liveReferrers(s.graph, s.entity, kind)
	if err != nil {
		return nil, err
	}
	if s.around == nil {
		s.around = map[canonical.Kind][]*Entity{}
	}
	s.around[kind] = list
	return list, nil
}

func liveReferrers(g Graph, e *Entity, kind canonical.Kind) ([]*Entity, error) {
	list, err := g.Referrers(e, kind)
	return slices.DeleteFunc(slices.Clone(list), func(e *Entity) bool { return !isLive(e, kind) }), err
}

// follow returns the live entities of a relation's kind, each once.
func (s *scene) follow(rel relation) ([]*Entity, error) {
	switch rel.shape {
	case reverse:
		return s.referrers(rel.kind)
	case served:
		return s.openTickets()
	case accounts:
		return s.accountOwner()
	}
	var found []*Entity
	for _, ref := range s.refs(rel) {
		e, err := s.resolve(ref)
		if err != nil {
			return nil, err
		}
		if isLive(e, rel.kind) && !slices.ContainsFunc(found, func(o *Entity) bool { return o.ID == e.ID }) {
			found = append(found, e)
		}
		if rel.shape == first && len(found) > 0 {
			break
		}
	}
	return found, nil
}

func (s *scene) refs(rel relation) []string { return refsIn(s.entity.Golden.Get(rel.field)) }

// refsIn returns the references in the value of a field, at most maxRelated.
func refsIn(value []byte) []string {
	if value == nil {
		return nil
	}
	if value[0] != '[' {
		return []string{text(value)}
	}
	var refs []string
	gjson.ParseBytes(value).ForEach(func(_, e gjson.Result) bool {
		refs = append(refs, e.String())
		return len(refs) < maxRelated
	})
	return refs
}

func (s *scene) resolve(ref string) (*Entity, error) {
	if e, ok := s.known[ref]; ok {
		return e, nil
	}
	e, err := s.graph.Resolve(ref)
	if err != nil {
		return nil, err
	}
	if e == nil {
		s.unresolved = append(s.unresolved, ref)
	}
	s.known[ref] = e
	return e, nil
}

func isLive(e *Entity, kind canonical.Kind) bool {
	return e != nil && e.Kind == kind && !e.Golden.Deleted()
}

// shared takes a name from what is loaded under another one already.
func (s *scene) shared(name string) bool {
	switch name {
	case "person":
		list, loaded := s.env["contacts"].([]any)
		if loaded && len(list) > 0 {
			s.env[name] = list[0]
			return true
		}
	case "stage":
		pipeline, loaded := s.env["pipeline"].(map[string]any)
		if loaded && pipeline["stages"] != nil {
			s.env[name] = s.stageIn(pipeline["stages"])
			return true
		}
	}
	return false
}

// stageIn returns the entity's stage in a list, nil when it is not there.
func (s *scene) stageIn(list any) any {
	id := text(s.entity.Golden.Get("stage"))
	elements, _ := list.([]any)
	for _, e := range elements {
		if m, ok := e.(map[string]any); ok && m["id"] == id {
			return m
		}
	}
	return nil
}
