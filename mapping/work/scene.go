package work

import (
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
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
}

// load puts names into the environment that are not there yet.
func (s *scene) load(names []string) error {
	for _, name := range names {
		if _, ok := s.env[name]; ok {
			continue
		}
		switch name {
		case string(s.entity.Kind):
			s.env[name] = entityValue(s.entity, s.plan.members[name])
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

// relate loads a related name. One that leads nowhere is nil, a list of none is empty.
func (s *scene) relate(name string) error {
	i := slices.IndexFunc(relations[s.entity.Kind], func(r relation) bool { return r.name == name })
	rel := relations[s.entity.Kind][i]
	found, err := s.follow(rel)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	members := s.plan.members[name]
	switch rel.shape {
	case many, reverse:
		list := make([]any, 0, len(found))
		for _, e := range found {
			list = append(list, entityValue(e, members))
		}
		s.env[name] = list
	case stage:
		s.env[name] = nil
		if len(found) > 0 {
			s.env[name] = stageOf(found[0], text(s.entity.Golden.Get("stage")))
		}
	default:
		s.env[name] = nil
		if len(found) > 0 {
			s.env[name] = entityValue(found[0], members)
		}
	}
	return nil
}

// follow returns the live entities of a relation's kind, each once.
func (s *scene) follow(rel relation) ([]*Entity, error) {
	if rel.shape == reverse {
		list, err := s.graph.Referrers(s.entity, rel.kind)
		return live(list, rel.kind), err
	}
	var found []*Entity
	for _, ref := range s.refs(rel) {
		e, err := s.resolve(ref)
		if err != nil {
			return nil, err
		}
		if e != nil && !slices.ContainsFunc(found, func(o *Entity) bool { return o.ID == e.ID }) {
			found = append(found, e)
		}
		if rel.shape == first && len(found) > 0 {
			break
		}
	}
	return live(found, rel.kind), nil
}

func (s *scene) refs(rel relation) []string {
	value := s.entity.Golden.Get(rel.field)
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

func live(list []*Entity, kind canonical.Kind) []*Entity {
	return slices.DeleteFunc(slices.Clone(list), func(e *Entity) bool { return e == nil || e.Kind != kind || e.Golden.Deleted() })
}

// stageOf returns the stage of a pipeline by its id, nil when the pipeline has none of it.
func stageOf(pipeline *Entity, id string) any {
	list, _ := goValue(canonical.Stages, pipeline.Golden.Get("stages")).([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && m["id"] == id {
			return m
		}
	}
	return nil
}
