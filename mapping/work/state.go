package work

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/types"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// derived marks, among the members that rules read of an entity, that some are derived from its lifecycle.
const derived = "\x00derived"

// stateTypes are the members that people and organizations have besides their fields.
var stateTypes = types.Map{
	"category": types.String, "temperature": types.String, "journey": types.String, "crm_cycle": types.String,
}

// lifecycleType replaces the claims of the catalogue: what a source claims is only one voice among others.
var lifecycleType = types.Map{"stage": types.String, "rank": types.Int, "since": types.String, "claimed": types.String,
	"entered": types.Map{types.Extra: types.Any}}

// derives reports whether a chain of members from an entity reads something derived from its lifecycle.
func derives(path []string) bool {
	switch {
	case len(path) == 0:
		return true // the whole entity
	case path[0] == "lifecycle":
		return len(path) == 1 || path[1] != "claimed"
	}
	_, ok := stateTypes[path[0]]
	return ok || path[0] == categoriesName
}

// fill puts a state into the value of an entity.
func fill(value map[string]any, s *lifecycle.State) {
	value["category"], value["temperature"], value["journey"], value["crm_cycle"] = s.Category, s.Temperature, s.Journey, s.CRMCycle
	life, ok := value["lifecycle"].(map[string]any)
	if !ok {
		life = map[string]any{}
		value["lifecycle"] = life
	}
	entered := make(map[string]any, len(s.EnteredAt))
	for stage, at := range s.EnteredAt {
		entered[stage] = timeText(at)
	}
	life["stage"], life["rank"], life["since"], life["entered"] = s.Stage, s.Rank, timeText(s.Since), entered
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(canonical.TimeLayout)
}

// state derives the state of an entity of this scene. The entity's own referrers are those that the rules load too.
func (s *scene) state(e *Entity) (*lifecycle.State, error) {
	if known := s.states[e.ID]; known != nil {
		return known, nil
	}
	g := gatherer{graph: s.graph, entity: e, referrers: func(k canonical.Kind) ([]*Entity, error) {
		if e == s.entity {
			return s.referrers(k)
		}
		return liveReferrers(s.graph, e, k)
	}}
	evidence, err := g.evidence()
	if err != nil {
		return nil, fmt.Errorf("derive the lifecycle: %w", err)
	}
	state := s.life.Derive(evidence, s.graph.Now())
	if s.states == nil {
		s.states = map[string]*lifecycle.State{}
	}
	s.states[e.ID] = &state
	return &state, nil
}

// deriveOwn adds what is derived to the value of the scene's own entity, once.
func (s *scene) deriveOwn() error {
	name := string(s.entity.Kind)
	value, ok := s.env[name].(map[string]any)
	if !ok || s.derivedOwn {
		return nil
	}
	s.derivedOwn = true
	state, err := s.state(s.entity)
	if err != nil {
		return err
	}
	fill(value, state)
	return nil
}

// value prepares an entity that is not the scene's own.
func (s *scene) value(e *Entity, m *members) (map[string]any, error) {
	value := entityValue(e, m)
	if m.history {
		if err := s.history(value, e); err != nil {
			return nil, err
		}
	}
	if !m.derived || !hasState(e.Kind) {
		return value, nil
	}
	state, err := s.state(e)
	if err != nil {
		return nil, err
	}
	fill(value, state)
	return value, nil
}

// stayType is an element of a deal's or ticket's history.
var stayType = types.Map{"ref": types.String, "field": types.String, "value": types.String, "from": types.String, "until": types.String}

// history adds what the records of an entity said over time.
func (s *scene) history(value map[string]any, e *Entity) error {
	stays, err := s.graph.History(e.ID)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	list := make([]any, 0, len(stays))
	for i := range stays {
		t := &stays[i]
		list = append(list, map[string]any{"ref": t.Ref, "field": t.Field, "value": t.Value, "from": timeText(t.From), "until": timeText(t.Until)})
	}
	value["history"] = list
	return nil
}

// State derives how far an entity has come, with the reasons, and the categories it is in by the team's own rules. It is
// the zero State for what is neither a person nor an organization.
func (r *Rules) State(g Graph, e *Entity) (lifecycle.State, []string, error) {
	if !hasState(e.Kind) || e.Golden.Deleted() {
		return lifecycle.State{}, nil, nil
	}
	p := r.sorting[e.Kind]
	if p == nil {
		p = &plan{}
	}
	s := r.scene(g, e, p)
	state, err := s.state(e)
	if err != nil {
		return lifecycle.State{}, nil, fmt.Errorf("state of %s: %w", e.ID, err)
	}
	categories, err := s.categories()
	if err != nil {
		return lifecycle.State{}, nil, fmt.Errorf("categories of %s: %w", e.ID, err)
	}
	return *state, categories, nil
}

// Lifecycle returns the settings that states are derived by.
func (r *Rules) Lifecycle() *lifecycle.Settings { return r.life }
